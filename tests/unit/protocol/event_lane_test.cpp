#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace turngate::protocol {
namespace {

using nlohmann::json;

std::string on_lane(std::string_view frame, std::string_view lane = "a")
{
    std::string to;
    append_with_stream_id(to, frame, lane);
    return to;
}

TEST(EventLane, StandsBehindTheTypeThatLeads)
{
    EXPECT_EQ(on_lane(R"({"type":"response.created","response":{"id":"r"}})"),
              R"({"type":"response.created","stream_id":"a","response":{"id":"r"}})");
    EXPECT_EQ(on_lane(R"({"type":"error"})"), R"({"type":"error","stream_id":"a"})");
    EXPECT_EQ(on_lane(" {\n \"type\" : \"x\\\"\" \t, \"b\":1}"),
              " {\n \"type\" : \"x\\\"\",\"stream_id\":\"a\" \t, \"b\":1}");
}

TEST(EventLane, LeadsWhereTheTypeDoesNot)
{
    EXPECT_EQ(on_lane(R"({"b":1,"type":"x"})"), R"({"stream_id":"a","b":1,"type":"x"})");
    EXPECT_EQ(on_lane(R"({"type":5})"), R"({"stream_id":"a","type":5})");
    EXPECT_EQ(on_lane("{}"), R"({"stream_id":"a"})");
    EXPECT_EQ(on_lane("\t{ }\n"), "\t{\"stream_id\":\"a\" }\n");
}

TEST(EventLane, ReplacesOneThatIsThereAlready)
{
    EXPECT_EQ(on_lane(R"({"type":"x","stream_id":"other","b":1})"),
              R"({"type":"x","stream_id":"a","b":1})");
    EXPECT_EQ(on_lane(R"({"type":"x","stream_id" : null })"), R"({"type":"x","stream_id" : "a" })");
    EXPECT_EQ(on_lane(R"({"stream\u005fid":{"x":[]},"type":"x"})"),
              R"({"stream\u005fid":"a","type":"x"})");
}

TEST(EventLane, IsNotFooledByTheSameNameElsewhere)
{
    EXPECT_EQ(on_lane(R"({"type":"x","delta":"\"stream_id\":\"b\""})"),
              R"({"type":"x","stream_id":"a","delta":"\"stream_id\":\"b\""})");
    EXPECT_EQ(on_lane(R"({"type":"x","item":{"stream_id":"b"}})"),
              R"({"type":"x","stream_id":"a","item":{"stream_id":"b"}})");
}

TEST(EventLane, LeavesWhatIsNoObjectAndTheDefaultLaneAlone)
{
    for (const std::string_view frame : {"", " ", "[]", R"(["type"])", "7", R"("{")", "null"})
        EXPECT_EQ(on_lane(frame), frame);
    EXPECT_EQ(on_lane(R"({"type":"x"})", ""), R"({"type":"x"})");
}

TEST(EventLane, AppendsToWhatIsThere)
{
    std::string to = "before ";
    append_with_stream_id(to, R"({"type":"x"})", "a");
    append_with_stream_id(to, "[]", "a");
    EXPECT_EQ(to, R"(before {"type":"x","stream_id":"a"}[])");
}

TEST(EventLane, ChangesNothingElse)
{
    const std::string lane = "lane-1.A_b";
    for (const std::string frame :
         {R"({"type":"response.output_text.delta","delta":"\n\u00e9 \\\"","sequence_number":9})",
          R"({"type":"response.output_text.delta","stream_id":"x","delta":"stream_id","n":[1,{}]})",
          R"({"sequence_number":1,"type":"response.completed","response":{"type":"x","usage":{}}})",
          R"({"a":"type","b":{"type":"error","stream_id":"x"},"type":"error"})",
          R"({"type":null,"b":"\\"})",
          R"( { } )"}) {
        const std::string sent = on_lane(frame, lane);
        json expected = json::parse(frame);
        expected["stream_id"] = lane;
        EXPECT_EQ(json::parse(sent), expected) << sent;
        EXPECT_EQ(sent.find("\"stream_id\":"), sent.find("\"stream_id\":\"" + lane)) << sent;
        EXPECT_EQ(peek_kind(sent), peek_kind(frame)) << sent;
        EXPECT_EQ(peek_stream_id(sent), lane) << sent;
    }
}

} // namespace
} // namespace turngate::protocol
