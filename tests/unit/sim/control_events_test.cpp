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

json steer(const json& target, const json& input = "Rather in verse")
{
    return {{"type", "response.steer"}, {"previous_response_id", target}, {"input", input}};
}

json interrupt(const json& target)
{
    return {
        {"type", "response.interrupt"}, {"response_id", target}, {"mode", "discard_partial_items"}};
}

TEST(Steer, EndsTheTargetAndStartsASuccessorByItself)
{
    Bench bench(paced_options());
    auto& client = bench.connect();
    const auto begun = bench.say(
        client, create({{"model", "gpt-6"}, {"stream_id", "a"}, {"service_tier", "flex"}}));
    const json target = begun[0]["response"]["id"];
    bench.say(client, create({{"stream_id", "a"}})); // waits: the successor goes first
    bench.wait(client, milliseconds(20));

    const auto events = bench.say(client, steer(target));
    EXPECT_EQ(types_of(events),
              (Types{"steer.accepted",
                     "output_text.done",
                     "content_part.done",
                     "output_item.done",
                     "incomplete",
                     "created",
                     "in_progress",
                     "output_item.added",
                     "content_part.added"}));
    const json& ended = events[4]["response"];
    EXPECT_EQ(ended["incomplete_details"]["reason"], "steered");
    EXPECT_EQ(ended["output"][0]["content"][0]["text"], "You said: Hello ");
    EXPECT_EQ(ended["usage"]["output_tokens"], 4);
    const json& successor = events[5]["response"];
    EXPECT_EQ(successor["previous_response_id"], target);
    EXPECT_EQ(successor["service_tier"], "flex");
    EXPECT_EQ(events[5]["stream_id"], "a");
}

TEST(Steer, WaitsForTheOutputsTheTargetStoppedFor)
{
    Bench bench(paced_options());
    bench.world.script = read_script(
        R"({"rules":[{"times":1,"do":{"answer":[{"call":{"name":"f","arguments":"{\"a\":\"12345678\"}","call_id":"c1"}}]}}]})");
    auto& client = bench.connect();
    const json target = bench.say(client, create({{"model", "gpt-6-mini"}}))[0]["response"]["id"];
    EXPECT_EQ(types_of(bench.say(client, steer(target))), Types{"steer.accepted"});
    const auto events = bench.wait(client, milliseconds(1000));
    EXPECT_EQ(types_of(events).back(), "steer.pending");
    EXPECT_EQ(
        events.back()["required_input"],
        (json::array({{{"type", "function_call_output"}, {"call_id", "c1"}, {"name", "f"}}})));
    EXPECT_EQ(events[events.size() - 2]["type"], "response.completed");

    const json output{{"type", "function_call_output"}, {"call_id", "c1"}, {"output", "x"}};
    bench.say(client,
              continuing(target, {{"model", "gpt-6-mini"}, {"input", json::array({output})}}));
    const json usage = bench.wait(client, milliseconds(1000)).back()["response"]["usage"];
    const auto parent =
        events[events.size() - 2]["response"]["usage"]["total_tokens"].get<std::int64_t>();
    const auto both = json("Rather in verse").dump().size() + json::array({output}).dump().size();
    EXPECT_EQ(usage["input_tokens"], parent + tokens_of(both));
}

TEST(Steer, IsRefusedWithItsInput)
{
    Bench bench(paced_options());
    auto& client = bench.connect();
    const auto running = [&](json fields) {
        return bench.say(client, create(std::move(fields)))[0]["response"]["id"];
    };
    const json six = running({{"model", "gpt-6"}, {"stream_id", "six"}});
    const json five = running({{"stream_id", "five"}});
    const json bound = running({{"model", "gpt-6"}, {"stream_id", "bound"}, {"conversation", "c"}});
    const json compacts =
        running({{"model", "gpt-6"},
                 {"stream_id", "k"},
                 {"context_management", json::array({{{"type", "compaction"}}})}});
    const json assistant = json::array({{{"role", "assistant"}, {"content", "x"}}});
    const struct
    {
        json event;
        const char* code;
    } rows[] = {
        {steer("resp_none"), "response_not_found"},
        {steer(five), "steering_not_supported"},
        {steer(bound), "steering_not_supported"},
        {steer(compacts), "steering_not_supported"},
        {steer(six, json::array()), "invalid_input"},
        {steer(six, assistant), "invalid_input"},
    };
    for (const auto& row : rows) {
        const json event = bench.say(client, row.event).back();
        EXPECT_EQ(event["type"], "response.steer.failed");
        EXPECT_EQ(event["error"]["code"], row.code);
        EXPECT_EQ(event["steer"]["input"], row.event["input"]);
        EXPECT_FALSE(event["steer"].contains("id"));
    }
    bench.wait(client, milliseconds(1000));
    EXPECT_EQ(bench.say(client, steer(six)).back()["error"]["code"], "response_already_completed");
}

TEST(Interrupt, DiscardsTheUnfinishedItemAndCanBeContinued)
{
    Bench bench(paced_options());
    auto& client = bench.connect();
    const json target = bench.say(client, create({{"store", false}}))[0]["response"]["id"];
    bench.say(client, create()); // it overtakes what waits
    bench.wait(client, milliseconds(20));
    const auto events = bench.say(client, interrupt(target));
    const auto types = types_of(events);
    ASSERT_GE(types.size(), 4u);
    EXPECT_EQ((Types(types.begin(), types.begin() + 4)),
              (Types{"interrupt.accepted", "output_item.interrupted", "incomplete", "created"}));
    EXPECT_EQ(events[2]["response"]["incomplete_details"]["reason"], "interrupted");
    EXPECT_EQ(events[2]["response"]["output"], json::array());
    EXPECT_EQ(events[2]["response"]["usage"]["output_tokens"], 4);
    EXPECT_EQ(events[1]["output_index"], 0);
    EXPECT_TRUE(bench.say(client, interrupt(target)).empty());
    EXPECT_EQ(outcome(bench.say(client, interrupt("resp_none"))), "response_not_found");
}

TEST(Inject, GivesOutputsToAResponseThatWaits)
{
    Bench bench;
    bench.world.script = read_script(
        R"({"rules":[{"do":{"answer":[{"call":{"name":"f","call_id":"c1"}},{"wait_for_outputs":true},{"text":"Thanks"}]}}]})");
    auto& client = bench.connect("responses_multi_agent=v1");
    const auto begun = bench.say(client, create());
    EXPECT_EQ(types_of(begun).back(), "output_item.done");
    const json target = begun[0]["response"]["id"];
    const auto inject = [&](const char* call) {
        const json output{{"type", "function_call_output"}, {"call_id", call}, {"output", "x"}};
        return bench.say(client,
                         {{"type", "response.inject"},
                          {"response_id", target},
                          {"input", json::array({output})}});
    };
    EXPECT_EQ(types_of(inject("c2")), Types{"inject.failed"});
    const auto events = inject("c1");
    EXPECT_EQ(types_of(events).front(), "inject.created");
    EXPECT_EQ(outcome(events), "completed");
    EXPECT_EQ(inject("c1").back()["error"]["code"], "response_already_completed");
}

} // namespace
} // namespace turngate::sim
