#include "recording_line.hpp"

#include <gtest/gtest.h>

// How answers end, and in what order they come, where an upstream does it otherwise than the vendor
// describes it.
namespace turngate::sim {
namespace {

using nlohmann::json;
using Types = std::vector<std::string>;

Bench scripted(const std::string& act, Options options = {})
{
    options.pacing = {2, 12, {}};
    return Bench(options, R"([{"times":1,"do":)" + act + "}]");
}

TEST(Ending, AnEventOfTheScriptComesWhereItIsAskedForWithTheResponsesId)
{
    Bench bench = scripted(R"({"error":{"status":500,"after":"created"},"events":[
        {"when":"created","event":{"type":"keepalive"}},
        {"when":"after","delay_ms":15,
         "event":{"type":"response.failed","response":{"id":"$response"}}}]})");
    auto& client = bench.connect();
    const auto events = bench.say(client, create({{"stream_id", "l"}}));
    EXPECT_EQ(types_of(events), (Types{"created", "in_progress", "keepalive", "error"}));
    const auto late = bench.wait(client, std::chrono::milliseconds(15));
    ASSERT_EQ(types_of(late), (Types{"failed"}));
    EXPECT_EQ(late[0]["response"]["id"], events[0]["response"]["id"]);
    EXPECT_EQ(late[0]["stream_id"], "l");
    EXPECT_EQ(outcome(bench.say(client, create())), "completed"); // the lane is free
}

TEST(Ending, TheTerminalEventMayHaveAnotherTypeOrNotCome)
{
    for (const std::string type : {"response.done", "none"}) {
        Bench bench = scripted(R"({"terminal":")" + type + "\"}");
        auto& client = bench.connect();
        const auto types = types_of(bench.say(client, create()));
        EXPECT_EQ(types.back(), type == "none" ? "output_item.done" : "done");
        EXPECT_EQ(outcome(bench.say(client, create())), "completed");
    }
}

TEST(Ending, ErrorsMayHaveAnyForm)
{
    Bench bare = scripted(R"({"error":{"type":"api_error","message":"No.","typeless":true}})");
    const json typeless = bare.say(bare.connect(), create()).back();
    EXPECT_FALSE(typeless.contains("type"));
    EXPECT_EQ(typeless["error"]["type"], "api_error");

    Bench odd = scripted(R"({"error":{"verbatim":{"type":"error","status":"400","of":"$response"},
                             "after":"created"}})");
    const auto events = odd.say(odd.connect(), create());
    EXPECT_EQ(events.back()["status"], "400");
    EXPECT_EQ(events.back()["of"], events[0]["response"]["id"]);
}

TEST(Ending, ItemsMayComeInAnotherOrderOrOnlyInTheTerminalEvent)
{
    Bench bench = scripted(R"({"arrival":[1,2,0],"answer":[
        {"text":"first"},{"text":"second","silent":true},
        {"item":{"type":"image_generation_call","status":"failed","result":null}}]})");
    const auto events = bench.say(bench.connect(), create());
    std::vector<int> arrived;
    for (const auto& event : events)
        if (event["type"] == "response.output_item.done")
            arrived.push_back(event["output_index"]);
    EXPECT_EQ(arrived, (std::vector<int>{2, 0}));
    const json output = events.back()["response"]["output"];
    ASSERT_EQ(output.size(), 3u);
    EXPECT_EQ(output[0]["content"][0]["text"], "first");
    EXPECT_EQ(output[1]["content"][0]["text"], "second");
    EXPECT_EQ(output[2]["status"], "failed");
    EXPECT_TRUE(output[2]["id"].get<std::string>().starts_with("item_"));
}

TEST(Ending, ACallAsTheScriptWritesItMustBeAnswered)
{
    Bench bench = scripted(
        R"({"answer":[{"item":{"type":"apply_patch_call","call_id":"c1","status":"completed"}}]})");
    auto& client = bench.connect();
    const json id = id_of(bench.say(client, create()));
    const json output{{{"type", "apply_patch_call_output"}, {"call_id", "c1"}, {"output", "ok"}}};
    EXPECT_EQ(outcome(bench.say(client, continuing(id, {{"input", output}}))), "completed");
}

TEST(Ending, ReasoningThatAnotherSealedIsRefused)
{
    Options options;
    options.seal = "A";
    Bench bench = scripted(R"({"answer":[{"reasoning":{"summary":"hm"}},{"text":"x"}]})", options);
    auto& client = bench.connect();
    json own = bench.say(client, create()).back()["response"]["output"][0];
    EXPECT_TRUE(own["encrypted_content"].get<std::string>().starts_with("gAAAAAA_"));
    const json user{{"role", "user"}, {"content", "on"}};
    EXPECT_EQ(outcome(bench.say(client, create({{"input", {own, user}}}))), "completed");
    own["encrypted_content"] = "gAAAAAB_1";
    EXPECT_EQ(outcome(bench.say(client, create({{"input", {own, user}}}))),
              "invalid_encrypted_content");
}

TEST(Ending, AnotherDialectHasOneIdForAConnectionAndBareErrors)
{
    Options options;
    options.dialect = Dialect::xai;
    options.lanes = false;
    Bench bench = scripted("{}", options);
    auto& client = bench.connect();
    const json first = id_of(bench.say(client, create()));
    EXPECT_EQ(id_of(bench.say(client, continuing(first))), first);
    const json error = bench.say(client, continuing("resp_of_nobody")).back();
    EXPECT_FALSE(error.contains("type"));
    EXPECT_EQ(error["error"]["code"], "previous_response_not_found");
}

} // namespace
} // namespace turngate::sim
