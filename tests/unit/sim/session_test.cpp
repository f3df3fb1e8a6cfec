#include "recording_line.hpp"

#include <gtest/gtest.h>

namespace turngate::sim {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Types = std::vector<std::string>;

Options paced_options()
{
    Options options;
    options.pacing = {4, 8, milliseconds(10)};
    return options;
}

TEST(Session, AnswersOnTheLaneOfTheRequest)
{
    Bench bench;
    auto& client = bench.connect();
    const json error = bench.say(client, continuing("resp_none", {{"stream_id", "a"}})).back();
    EXPECT_EQ(error["status"], 400);
    EXPECT_EQ(error["stream_id"], "a");
    EXPECT_EQ(error["error"]["code"], "previous_response_not_found");
    EXPECT_EQ(error["error"]["param"], "previous_response_id");
    EXPECT_FALSE(bench.say(client, create({{"stream_id", ""}})).back().contains("stream_id"));
    EXPECT_EQ(outcome(bench.say(client, create({{"stream_id", "a"}}))), "completed");
}

TEST(Session, KeepsUnstoredResponsesOnTheirConnection)
{
    Bench bench;
    auto& one = bench.connect();
    const auto unstored = bench.say(one, create({{"store", false}}));
    const auto stored = bench.say(one, create({{"stream_id", "b"}}));
    auto& two = bench.connect();
    EXPECT_EQ(outcome(bench.say(two, continuing(id_of(unstored)))), "previous_response_not_found");
    EXPECT_EQ(outcome(bench.say(two, continuing(id_of(stored)))), "completed");
    auto& stranger = bench.connect({}, "Bearer other");
    EXPECT_EQ(outcome(bench.say(stranger, continuing(id_of(stored)))),
              "previous_response_not_found");
}

TEST(Session, ContinuesAConversation)
{
    Bench bench;
    const auto first = bench.say(bench.connect(), create({{"conversation", "conv_1"}}));
    const auto second = bench.say(bench.connect(), create({{"conversation", {{"id", "conv_1"}}}}));
    const json total = first.back()["response"]["usage"]["total_tokens"];
    EXPECT_EQ(second.back()["response"]["usage"]["input_tokens"], total.get<int>() + 2);
}

TEST(Session, PacesDeltasAndLetsOtherLanesRun)
{
    Bench bench(paced_options());
    auto& client = bench.connect();
    EXPECT_EQ(bench.say(client, create()).size(), 4u);
    EXPECT_EQ(client.session->due(), bench.now + milliseconds(10));
    EXPECT_EQ(bench.say(client, create({{"stream_id", "b"}})).size(), 4u);
    EXPECT_EQ(types_of(bench.wait(client, milliseconds(10))),
              (Types{"output_text.delta", "output_text.delta"}));
    EXPECT_EQ(bench.wait(client, milliseconds(1000)).size(), 2u * 7u);
    EXPECT_EQ(client.session->due(), core::Deadline::max());
}

TEST(Session, StartsAQueuedCreateWhenTheLaneIsFree)
{
    Bench bench(paced_options());
    auto& client = bench.connect();
    bench.say(client, create());
    EXPECT_TRUE(bench.say(client, create({{"input", "second"}})).empty());
    const auto events = bench.wait(client, milliseconds(40));
    const auto types = types_of(events);
    const auto completed = std::find(types.begin(), types.end(), "completed");
    ASSERT_NE(completed, types.end());
    EXPECT_EQ(*(completed + 1), "created");
}

TEST(Session, SaysNothingWhileThePeerDoesNotRead)
{
    Bench bench;
    auto& client = bench.connect();
    client.line.congested = true;
    EXPECT_TRUE(bench.say(client, create()).empty());
    client.line.congested = false;
    EXPECT_EQ(outcome(bench.wait(client, milliseconds(0))), "completed");
}

TEST(Session, EndsAtTheWall)
{
    Bench bench;
    auto& client = bench.connect();
    client.session->expire();
    const auto events = bench.news(client);
    EXPECT_EQ(outcome(events), "websocket_connection_limit_reached");
    EXPECT_EQ(events.back()["status"], 400);
    EXPECT_EQ(client.line.done.size(), 1u);
}

TEST(Session, CountsWhatWasCutOff)
{
    Bench bench(paced_options());
    bench.say(bench.connect(), create());
    bench.clients.clear();
    EXPECT_EQ(bench.world.stats.responses["aborted"], 1u);
}

} // namespace
} // namespace turngate::sim
