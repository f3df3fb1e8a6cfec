#include "turngate/protocol/item.hpp"

#include "turngate/protocol/edit.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace turngate::protocol {
namespace {

TEST(Item, ReadsWhatTheGatewayAsksFor)
{
    ItemReader reader;
    const auto item = reader.read_item(
        R"( {"id":"fc_1","type":"function_call","call_id":"call_1","status":"completed"} )");
    ASSERT_TRUE(item);
    EXPECT_EQ(item->type, "function_call");
    EXPECT_EQ(item->id, "fc_1");
    EXPECT_EQ(item->call_id, "call_1");
    EXPECT_TRUE(item->text.starts_with("{\"id\"") && item->text.ends_with("d\"}"));
    EXPECT_FALSE(item->has_role);
    EXPECT_FALSE(item->has_encrypted_content);
}

TEST(Item, ReadsKeysAndValuesWithEscapes)
{
    ItemReader reader;
    const auto item = reader.read_item(
        R"({"\u0074ype":"mcp_approval_r\u0065sponse","approval_request_id":"a\"é","role":null})");
    ASSERT_TRUE(item);
    EXPECT_EQ(item->type, "mcp_approval_response");
    EXPECT_EQ(item->approval_request_id, "a\"é");
    EXPECT_TRUE(item->has_role);
}

TEST(Item, SeesOnlyEncryptedContentThatIsThere)
{
    ItemReader reader;
    const auto is_seen = [&](std::string_view field) {
        const auto item = reader.read_item("{\"encrypted_content\":" + std::string(field) + "}");
        return item && item->has_encrypted_content;
    };
    EXPECT_TRUE(is_seen("\"gAAA\""));
    for (const std::string_view nothing : {"null", "\"\"", "1", "{\"a\":\"b\"}"})
        EXPECT_FALSE(is_seen(nothing)) << nothing;
    EXPECT_FALSE(reader.read_item(R"({"a":{"encrypted_content":"x"}})")->has_encrypted_content);
}

TEST(Item, LeavesWhatIsNoStringEmpty)
{
    ItemReader reader;
    const auto item = reader.read_item(R"({"type":1,"id":null,"call_id":["x"],"a":"\ud800"})");
    ASSERT_TRUE(item);
    EXPECT_TRUE(item->type.empty() && item->id.empty() && item->call_id.empty());
    EXPECT_TRUE(item->at.id);
}

TEST(Item, ReadsAnArrayInItsOrder)
{
    ItemReader reader;
    const auto items = reader.read_items(R"([ {"type":"a"} , {"x":[{"type":"b"}]},{}])");
    ASSERT_TRUE(items);
    ASSERT_EQ(items->size(), 3u);
    EXPECT_EQ((*items)[0].type, "a");
    EXPECT_EQ((*items)[1].type, "");
    EXPECT_EQ((*items)[1].text, R"({"x":[{"type":"b"}]})");
    EXPECT_EQ((*items)[2].text, "{}");
    EXPECT_TRUE(reader.read_items(" [ ] ")->empty());
}

TEST(Item, PlacesFieldsInTheItemSoThatTheyCanBeTakenOut)
{
    const struct
    {
        std::string_view item, left;
    } rows[] = {
        {R"({"id":"a","type":"t","status":"s"})", R"({"type":"t"})"},
        {R"({"id":"a","status":"s"})", R"({})"},
        {R"({"type":"t" , "status" : "s", "i\u0064":"a" })", R"({"type":"t"  })"},
        {R"({"a":{"id":"x","status":"y"},"id":null,"b":1})",
         R"({"a":{"id":"x","status":"y"},"b":1})"},
        {R"({"type":"t"})", R"({"type":"t"})"},
    };
    ItemReader reader;
    for (const auto& [text, left] : rows) {
        const std::string array = "[{\"id\":\"before\"}, " + std::string(text) + "]";
        const auto items = reader.read_items(array);
        ASSERT_TRUE(items) << text;
        const Item& item = items->back();
        EXPECT_EQ(item.text, text);
        EXPECT_EQ(protocol::apply(item.text, remove_all(item.text, {item.at.id, item.at.status})),
                  left);
    }
}

TEST(Item, RefusesWhatItCannotVouchFor)
{
    ItemReader reader;
    for (const std::string_view text : {"",
                                        "{",
                                        "[]",
                                        "1",
                                        "\"a\"",
                                        "{}{}",
                                        "{} x",
                                        "{\"a\":1,}",
                                        "{\"a\":\"\xff\"}",
                                        R"({"id":"a","id":"a"})",
                                        R"({"type":"a","x":1,"t\u0079pe":"b"})",
                                        R"({"status":"a","status":"b"})",
                                        R"({"type":"a","Type":"b"})",
                                        R"({"CALL_ID":"a"})"})
        EXPECT_FALSE(reader.read_item(text)) << text;
    for (const std::string_view text :
         {"", "{}", "[1]", "[{}", "[{},]", "[{}]]", "[[]]", "[{},null]"})
        EXPECT_FALSE(reader.read_items(text)) << text;
    EXPECT_TRUE(reader.read_item(R"({"a":1,"a":2})")); // not ours to read
}

TEST(Item, GoesOnAfterABadValueAndABigOne)
{
    ItemReader reader;
    const std::string big = R"([{"type":"message","x":")" + std::string(1'000'000, 'x') + "\"}]";
    for (int i = 0; i < 2; ++i) {
        EXPECT_FALSE(reader.read_item("{"));
        EXPECT_EQ(reader.read_items(big)->front().text.size(), big.size() - 2);
        EXPECT_TRUE(reader.read_item("{}"));
    }
}

} // namespace
} // namespace turngate::protocol
