#include "turngate/protocol/client_event.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

// What of a create's size stands elsewhere: it is held against budgets (behaviour.md section 3).
namespace turngate::protocol {
namespace {

ClientEvent read(const std::string& fields)
{
    ClientEventReader reader;
    const std::string frame = R"({"type":"response.create","model":"m",)" + fields + "}";
    const auto event = reader.read(frame);
    EXPECT_TRUE(event.has_value()) << frame;
    return event ? *event : ClientEvent{};
}

std::string with_part(const std::string& part)
{
    return R"("input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"x"},)" +
           part + "]}]";
}

TEST(InputSize, IsOpenWhereInputStandsElsewhere)
{
    for (const std::string& fields : {
             with_part(R"({"type":"input_file","file_id":"file_1"})"),
             with_part(R"({"type":"input_file","file_url":"https://x.test/a.pdf"})"),
             with_part(R"({"file_url":"https://x.test/a.pdf","type":"input_file"})"),
             with_part(R"({"type":"input_file","File_URL":"https://x.test/a.pdf"})"),
             with_part(R"({"type":"input_file","file\u005furl":"https://x.test/a.pdf"})"),
             with_part(R"({"type":"input_image","image_url":"https://x.test/a.png"})"),
             with_part(R"({"type":"input_image","image_url":{"url":"https://x.test/a.png"}})"),
             with_part(R"({"type":"input_image","file_id":"file_1"})"),
             with_part(R"({"type":"input_video","video_url":"https://x.test/a.mp4"})"),
             std::string(R"("input":[{"type":"function_call_output","call_id":"c","output":)"
                         R"([{"type":"input_file","file_id":"file_1"}]}])"),
             std::string(R"("input":[{"type":"computer_call_output","call_id":"c","output":)"
                         R"({"type":"computer_screenshot","image_url":"https://x.test/a"}}])"),
             std::string(
                 R"("input":[{"role":"user","content":[{"file_id":"f"}],"content":"short"}])"),
             std::string(R"("input":[{"type":"input_file","file_id":"file_1"}])"),
             std::string(R"("input":[{"type":"item_reference","id":"msg_1"}])"),
             std::string(R"("input":"x","prompt":{"id":"pmpt_1"})"),
             std::string(R"("input":"x","conversation":"conv_1")"),
             std::string(R"("input":"x","tools":[{"type":"web_search"}])"),
             std::string(R"("input":"x","tools":[{"type":"mcp","server_url":"https://x.test"}])"),
             std::string(R"("input":"x","tools":[{"type":"file_search"},{"type":"function"}])"),
             std::string(R"("input":"x","tools":[{"type":"of tomorrow"}])"),
             std::string(R"("input":"x","tools":[{"name":"f"}])"),
             std::string(
                 R"("input":"x","tools":[{"type":"namespace","tools":[{"type":"web_search"}]}])"),
         })
        EXPECT_TRUE(read(fields).size.is_open) << fields;
}

TEST(InputSize, IsThatOfTheFrameWhereAllStandsInIt)
{
    for (const std::string& fields : {
             std::string(R"("input":"see https://x.test and file_id")"),
             with_part(R"({"type":"input_file","file_data":"data:application/pdf;base64,QUJD"})"),
             with_part(R"({"type":"input_image","image_url":"data:image/png;base64,QUJD"})"),
             with_part(R"({"type":"input_image","image_url":null,"file_id":null})"),
             std::string(
                 R"("input":[{"type":"message","role":"assistant","content":[{"type":)"
                 R"("output_text","annotations":[{"type":"file_citation","file_id":"f"}]}]}])"),
             std::string(R"("input":[{"type":"function_call_output","output":"{\"file_id\":1}"}])"),
             std::string(R"("input":"x","tools":[],"prompt":null,"conversation":null)"),
             std::string(R"("input":"x","metadata":{"file_id":"file_1"},"max_tool_calls":2)"),
             std::string(R"("input":"x","tools":[{"type":"function","parameters":{"file_id":{}}},)"
                         R"({"type":"custom"},{"type":"local_shell"},{"type":"apply_patch"},)"
                         R"({"type":"namespace","tools":[{"type":"function"}]}])"),
         })
        EXPECT_FALSE(read(fields).size.is_open) << fields;
}

TEST(InputSize, CountsPicturesThatAreInline)
{
    const std::string url = "\"data:image/png;base64," + std::string(1'000, 'A') + '"';
    const InputSize size = read(with_part(R"({"type":"input_image","image_url":)" + url +
                                          R"(},{"type":"input_image","image_url":)" + url + "}"))
                               .size;
    EXPECT_EQ(size.pictures, 2u);
    EXPECT_EQ(size.picture_bytes, 2 * url.size());
    EXPECT_FALSE(size.is_open);
}

TEST(InputSize, KnowsHostedToolsAndHowOftenTheyMayBeCalled)
{
    const ClientEvent search =
        read(R"("input":"x","tools":[{"type":"web_search_preview"}],"max_tool_calls":3)");
    EXPECT_TRUE(search.size.has_hosted_tools);
    EXPECT_TRUE(search.size.has_web_search);
    EXPECT_EQ(search.max_tool_calls, 3);
    const ClientEvent code = read(R"("input":"x","tools":[{"type":"code_interpreter"}])");
    EXPECT_TRUE(code.size.has_hosted_tools);
    EXPECT_FALSE(code.size.has_web_search);
    EXPECT_FALSE(code.max_tool_calls);
    const ClientEvent none = read(R"("input":"x","tools":[{"type":"function"}])");
    EXPECT_FALSE(none.size.has_hosted_tools);
    EXPECT_TRUE(read(R"("prompt":{"id":"p"})").size.has_web_search); // for all we know
    for (const char* odd : {"null", "-1", "1.5", "\"3\"", "{}"})
        EXPECT_FALSE(read(R"("input":"x","max_tool_calls":)" + std::string(odd)).max_tool_calls)
            << odd;
}

} // namespace
} // namespace turngate::protocol
