#include "turngate/conversation/chain_item.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace turngate::conversation {
namespace {

std::string sent_again(std::string_view text)
{
    protocol::ItemReader reader;
    const auto item = reader.read_item(text);
    EXPECT_TRUE(item) << text;
    return item ? protocol::apply(item->text, judge(*item).edits) : std::string();
}

TEST(ChainItem, TakesOffWhatTheServerWroteIntoIt)
{
    const struct
    {
        std::string_view item, left;
    } rows[] = {
        {R"({"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[]})",
         R"({"type":"message","role":"assistant","content":[]})"},
        {R"({"role":"user","content":"x","id":"msg_1"})", R"({"role":"user","content":"x"})"},
        {R"({"type":"reasoning","id":"rs_1","status":null,"encrypted_content":"x"})",
         R"({"type":"reasoning","encrypted_content":"x"})"},
        {R"({"type":"function_call","call_id":"c","arguments":"{\"id\":1}","id":"fc_1"})",
         R"({"type":"function_call","call_id":"c","arguments":"{\"id\":1}"})"},
        {R"({ "id" : "ctc_1", "type":"custom_tool_call", "call_id":"c", "status":"completed" })",
         R"({  "type":"custom_tool_call", "call_id":"c" })"},
        {R"({"type":"shell_call","action":{"id":1,"status":2},"call_id":"c","id":"sh","status":"x"})",
         R"({"type":"shell_call","action":{"id":1,"status":2},"call_id":"c"})"},
        {R"({"type":"compaction","id":"cmp_1","encrypted_content":"x"})",
         R"({"type":"compaction","encrypted_content":"x"})"},
    };
    for (const auto& [item, left] : rows)
        EXPECT_EQ(sent_again(item), left);
}

TEST(ChainItem, KnowsCallsByTheFieldOfTheirKind)
{
    const struct
    {
        std::string_view item;
        ItemPart part;
        std::string_view call_id;
    } rows[] = {
        {R"({"type":"function_call","id":"x","call_id":"c"})", ItemPart::call, "c"},
        {R"({"type":"local_shell_call","id":"x","call_id":"c"})", ItemPart::call, "c"},
        {R"({"type":"local_shell_call","id":"c"})", ItemPart::call, "c"},
        {R"({"type":"local_shell_call_output","id":"c"})", ItemPart::output, "c"},
        {R"({"type":"local_shell_call_output","id":"x","call_id":"c"})", ItemPart::output, "c"},
        {R"({"type":"mcp_approval_request","id":"c","call_id":"x"})", ItemPart::offer, "c"},
        {R"({"type":"mcp_approval_response","id":"x","approval_request_id":"c"})",
         ItemPart::output,
         "c"},
        {R"({"type":"future_call","id":"x","call_id":"c"})", ItemPart::offer, "c"},
        {R"({"type":"future_output","id":"x","call_id":"c"})", ItemPart::output, "c"},
        {R"({"type":"file_search_call","id":"x"})", ItemPart::other, ""},
        {R"({"type":"web_search_call","id":"x","call_id":"x"})", ItemPart::other, ""},
        {R"({"type":"message","id":"x","call_id":"x"})", ItemPart::other, ""},
    };
    protocol::ItemReader reader;
    for (const auto& [text, part, call_id] : rows) {
        const auto item = reader.read_item(text);
        ASSERT_TRUE(item) << text;
        const ItemVerdict verdict = judge(*item);
        EXPECT_EQ(verdict.part, part) << text;
        EXPECT_EQ(verdict.call_id, call_id) << text;
        EXPECT_EQ(verdict.fate, ItemFate::kept) << text;
    }
}

TEST(ChainItem, LosesACallThatNobodyCanName)
{
    protocol::ItemReader reader;
    for (const std::string_view text : {R"({"type":"function_call","id":"x"})",
                                        R"({"type":"local_shell_call_output"})",
                                        R"({"type":"mcp_approval_response","id":"x"})"})
        EXPECT_EQ(judge(*reader.read_item(text)).fate, ItemFate::lost) << text;
}

TEST(ChainItem, FailsAHostedCallThatCameToNothing)
{
    const struct
    {
        std::string_view type, status;
        ItemFate fate;
    } rows[] = {
        {"image_generation_call", "failed", ItemFate::failed},
        {"web_search_call", "incomplete", ItemFate::failed},
        {"code_interpreter_call", "in_progress", ItemFate::failed},
        {"mcp_call", "failed", ItemFate::failed},
        {"future_call", "cancelled", ItemFate::failed},
        {"image_generation_call", "completed", ItemFate::kept},
        {"image_generation_call", "generating", ItemFate::kept}, // said so when it is done, too
        {"message", "incomplete", ItemFate::kept},
        {"future", "failed", ItemFate::kept},
    };
    protocol::ItemReader reader;
    for (const auto& [type, status, fate] : rows) {
        const std::string text = R"({"type":")" + std::string(type) + R"(","id":"x","status":")" +
                                 std::string(status) + "\"}";
        EXPECT_EQ(judge(*reader.read_item(text)).fate, fate) << text;
    }
    const std::string_view own = R"({"type":"function_call","call_id":"c","status":"incomplete"})";
    EXPECT_EQ(judge(*reader.read_item(own)).fate, ItemFate::kept); // its output may come
}

TEST(ChainItem, ListsCallsThatTheAnswerDoesNotAnswerItself)
{
    protocol::ItemReader reader;
    const std::vector<std::string> items{R"({"type":"function_call","call_id":"c1"})",
                                         R"({"type":"shell_call","call_id":"c2"})",
                                         R"({"type":"shell_call_output","call_id":"c2"})",
                                         R"({"type":"tool_search_call","call_id":"c3"})",
                                         R"({"type":"tool_search_output","call_id":"c3"})",
                                         R"({"type":"mcp_approval_request","id":"m1"})",
                                         R"({"type":"file_search_call","id":"fs_1"})",
                                         R"({"type":"function_call","call_id":"c1"})",
                                         R"({"type":"message","content":"a _call"})",
                                         R"(no item with a _call)"};
    EXPECT_EQ(calls_in(reader, items), (std::vector<std::string>{"c1", "m1", "c1"}));
}

TEST(ChainItem, KeepsAStatusThatTheWireDemands)
{
    EXPECT_EQ(sent_again(R"({"type":"apply_patch_call_output","call_id":"c","status":"failed"})"),
              R"({"type":"apply_patch_call_output","call_id":"c","status":"failed"})");
    EXPECT_EQ(sent_again(R"({"id":"ws_1","type":"web_search_call","status":"completed"})"),
              R"({"type":"web_search_call","status":"completed"})");
}

TEST(ChainItem, LeavesUnknownItemsAndIdsThatAreReferredToAlone)
{
    for (const std::string_view item :
         {R"({"type":"additional_tools","id":"x","status":"y","tools":[]})",
          R"({"type":"image_generation_call","id":"ig_1","status":"completed","result":"x"})",
          R"({"type":"mcp_approval_request","id":"mcpr_1"})",
          R"({"type":"local_shell_call","id":"lsh_1","status":"completed"})",
          R"({"type":"local_shell_call_output","id":"c","output":"o"})"})
        EXPECT_EQ(sent_again(item), item);
}

} // namespace
} // namespace turngate::conversation
