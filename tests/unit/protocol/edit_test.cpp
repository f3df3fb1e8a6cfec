#include "turngate/protocol/edit.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {
namespace {

ClientEvent read(std::string_view frame)
{
    ClientEventReader reader;
    const auto event = reader.read(frame);
    EXPECT_TRUE(event.has_value()) << frame;
    return event ? *event : ClientEvent{};
}

TEST(Edit, LeavesAFrameWithoutEditsAlone)
{
    EXPECT_EQ(protocol::apply("{ \"a\" : 1 }", {}), "{ \"a\" : 1 }");
}

TEST(Edit, ReplacesAValueAndNothingElse)
{
    const std::string frame = R"( { "input" : "x",  "model" : "old" , "n":1.0e0 } )";
    const Edits edits{replace_with_string(read(frame).at.model, "ne\"w")};
    EXPECT_EQ(protocol::apply(frame, edits),
              R"( { "input" : "x",  "model" : "ne\"w" , "n":1.0e0 } )");
}

TEST(Edit, ReplacesANull)
{
    const std::string frame = R"({"model":"m","previous_response_id":null})";
    const Edits edits{replace_with_string(read(frame).at.previous_response_id, "resp_1")};
    EXPECT_EQ(protocol::apply(frame, edits), R"({"model":"m","previous_response_id":"resp_1"})");
}

TEST(Edit, InsertsAsTheFirstField)
{
    const auto inserted = [](std::string_view frame) {
        return protocol::apply(frame, {insert_string(frame, "stream_id", "a")});
    };
    EXPECT_EQ(inserted(R"({"b":1})"), R"({"stream_id":"a","b":1})");
    EXPECT_EQ(inserted(" \n{ \"b\":1}"), " \n{\"stream_id\":\"a\", \"b\":1}");
    EXPECT_EQ(inserted("{}"), R"({"stream_id":"a"})");
    EXPECT_EQ(inserted("{ \t}"), "{\"stream_id\":\"a\" \t}");
}

TEST(Edit, InsertsIntoAnObjectOfTheFrame)
{
    const auto inserted = [](std::string_view frame) {
        const ClientEvent event = read(frame);
        return protocol::apply(
            frame, {insert_raw_into(event.at.client_metadata, kTurnState, R"("a\u0022")")});
    };
    EXPECT_EQ(inserted(R"({"model":"m","client_metadata":{"b":"c"}})"),
              R"({"model":"m","client_metadata":{"x-codex-turn-state":"a\u0022","b":"c"}})");
    EXPECT_EQ(inserted(R"({"client_metadata" : { } ,"model":"m"})"),
              R"({"client_metadata" : {"x-codex-turn-state":"a\u0022" } ,"model":"m"})");
    EXPECT_TRUE(read(inserted(R"({"model":"m","client_metadata":{}})")).has_turn_state);
}

// A field with a plain value, found by eye.
FieldSpan place(std::string_view frame, std::string_view key)
{
    const std::size_t begin = frame.find("\"" + std::string(key) + "\"");
    if (begin == std::string_view::npos)
        return {};
    const std::size_t next = frame.find_first_of(",}", begin);
    const std::size_t last = frame.find_last_not_of(' ', next - 1);
    return {static_cast<std::uint32_t>(begin), 0, static_cast<std::uint32_t>(last + 1)};
}

struct Removal
{
    std::string_view frame;
    std::vector<std::string_view> keys;
    std::string_view left;
};

TEST(Edit, RemovesFieldsWithTheirCommas)
{
    const Removal removals[] = {
        {R"({"a":1,"b":2})", {"a"}, R"({"b":2})"},
        {R"({"a":1,"b":2})", {"b"}, R"({"a":1})"},
        {R"({"a":1,"b":2,"c":3})", {"b"}, R"({"a":1,"c":3})"},
        {R"({"a":1})", {"a"}, "{}"},
        {R"({"a":1,"b":2})", {"b", "a"}, "{}"},
        {R"({"a":1,"b":2,"c":3})", {"a", "b"}, R"({"c":3})"},
        {R"({"a":1,"b":2,"c":3})", {"c", "b"}, R"({"a":1})"},
        {R"({"a":1,"b":2,"c":3})", {"c", "a"}, R"({"b":2})"},
        {R"({"a":1,"b":2,"c":3,"d":4,"e":5})", {"e", "a", "c"}, R"({"b":2,"d":4})"},
        {R"({"a":1,"b":2,"c":3,"d":4})", {"d", "a", "b"}, R"({"c":3})"},
        {R"( { "a" : 1 , "b" : 2 } )", {"a"}, R"( {  "b" : 2 } )"},
        {R"( { "a" : 1 , "b" : 2 } )", {"b"}, R"( { "a" : 1  } )"},
        {R"( { "a" : 1 , "b":2 , "c" : 3 } )", {"b", "c"}, R"( { "a" : 1  } )"},
        {R"( { "a" : 1 } )", {"a"}, R"( {  } )"},
        {R"({"a":1})", {"z"}, R"({"a":1})"},
        {R"({"a":1})", {}, R"({"a":1})"},
    };
    for (const Removal& removal : removals) {
        std::vector<FieldSpan> fields;
        for (const std::string_view key : removal.keys)
            fields.push_back(place(removal.frame, key));
        const Edits edits = remove_all(removal.frame, fields);
        EXPECT_EQ(protocol::apply(removal.frame, edits), removal.left) << removal.frame;
    }
}

TEST(Edit, KeepsEditsInTheOrderOfTheirPlaces)
{
    const std::string frame = R"({"stream_id":"a","x":1,"model":"m"})";
    const ClientEvent event = read(frame);
    Edits edits;
    add(edits, replace_with_string(event.at.model, "n"));
    for (Edit& edit : remove_all(frame, {event.at.stream_id}))
        add(edits, std::move(edit));
    add(edits, insert_string(frame, "previous_response_id", "resp_1")); // where the removal begins
    EXPECT_EQ(protocol::apply(frame, edits),
              R"({"previous_response_id":"resp_1","x":1,"model":"n"})");
}

TEST(Edit, InsertsWithTheCommasThatAreNeeded)
{
    for (const auto& [frame, left] : {std::pair{R"({})", R"({"x":1,"y":2})"},
                                      {R"({"stream_id":"a"})", R"({"x":1,"y":2})"},
                                      {R"({ "stream_id":"a" })", R"({"x":1,"y":2  })"},
                                      {R"({"stream_id":"a","b":3})", R"({"x":1,"y":2,"b":3})"},
                                      {R"({"b":3,"stream_id":"a"})", R"({"x":1,"y":2,"b":3})"}}) {
        Edits edits = remove_all(frame, {place(frame, "stream_id")});
        for (const auto& [key, value] : {std::pair{"x", "1"}, {"y", "2"}})
            add(edits, protocol::insert_raw(frame, key, value));
        EXPECT_EQ(protocol::apply(frame, edits), left) << frame;
    }
}

TEST(Edit, MakesFramesThatReadAsEdited)
{
    for (const std::string frame :
         {R"({"model":"m"})",
          R"({"input":[{"model":"x"}],"model":"m","previous_response_id":null})",
          R"( {"previous_response_id" : "resp_0", "model":"m" , "a":[]} )"}) {
        const ClientEvent event = read(frame);
        Edits edits;
        add(edits, replace_with_string(event.at.model, "a\\\"\n\x01é"));
        add(edits,
            event.at.previous_response_id
                ? replace_with_string(event.at.previous_response_id, "resp_9")
                : insert_string(frame, "previous_response_id", "resp_9"));
        const ClientEvent again = read(protocol::apply(frame, edits));
        EXPECT_EQ(again.model, "a\\\"\n\x01é");
        EXPECT_EQ(again.previous_response_id, "resp_9");
    }
}

TEST(Quote, WritesAnyTextAsJson)
{
    EXPECT_EQ(quote(""), R"("")");
    EXPECT_EQ(quote("a/é😀"), R"("a/é😀")");
    EXPECT_EQ(quote("\"\\\n\r\t"), R"("\"\\\n\r\t")");
    EXPECT_EQ(quote(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
    EXPECT_EQ(quote("a\xff"), "\"a\xef\xbf\xbd\"");
    EXPECT_EQ(quote("\xed\xa0\x80").find('\xed'), std::string::npos);
}

} // namespace
} // namespace turngate::protocol
