#include "recording_line.hpp"

#include <gtest/gtest.h>

namespace turngate::sim {
namespace {

using nlohmann::json;
using Types = std::vector<std::string>;

json weather_tool()
{
    return {{"type", "function"},
            {"name", "get_weather"},
            {"parameters",
             {{"properties",
               {{"city", {{"type", "string"}}},
                {"days", {{"type", "integer"}}},
                {"exact", {{"type", "boolean"}}},
                {"unit", {{"enum", {"celsius", "kelvin"}}, {"type", "string"}}},
                {"note", {{"type", "string"}}}}},
              {"required", {"unit", "city", "days", "exact"}}}}};
}

TEST(Answer, PlaysTheWholeSequenceWithTypeFirst)
{
    Options options;
    options.pacing = {2, 12, {}};
    Bench bench(options);
    auto& client = bench.connect();
    const auto events = bench.say(client, create({{"stream_id", "main"}}));
    EXPECT_EQ(types_of(events),
              (Types{"created",
                     "in_progress",
                     "output_item.added",
                     "content_part.added",
                     "output_text.delta",
                     "output_text.delta",
                     "output_text.done",
                     "content_part.done",
                     "output_item.done",
                     "completed"}));
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_TRUE(client.line.sent[i].starts_with(R"({"type":")"));
        EXPECT_EQ(events[i]["sequence_number"], i);
        EXPECT_EQ(events[i]["stream_id"], "main");
    }
}

TEST(Answer, RepeatsItsDeltasInTheWhole)
{
    Bench bench;
    const auto events =
        bench.say(bench.connect(), create({{"input", "Grüße \"an\" alle, die zuhören"}}));
    std::string text;
    std::size_t deltas = 0;
    for (const json& event : events) {
        if (event["type"] != "response.output_text.delta")
            continue;
        text += event["delta"].get<std::string>();
        ++deltas;
    }
    EXPECT_GE(deltas, 8u);
    EXPECT_EQ(text.size(), 8u * 12u);
    EXPECT_TRUE(text.starts_with("You said: Grüße \"an\" alle, die zuhören"));
    const json& response = events.back()["response"];
    EXPECT_EQ(response["output"][0]["content"][0]["text"], text);
    EXPECT_EQ(response["output"][0], events[events.size() - 2]["item"]);
    EXPECT_EQ(response["usage"]["output_tokens"], tokens_of(text.size()));
}

TEST(Answer, HasTheFieldsClientsRelyOn)
{
    Bench bench;
    const auto events =
        bench.say(bench.connect(),
                  create({{"service_tier", "fast"}, {"store", false}, {"tool_choice", "none"}}));
    const json& response = events.back()["response"];
    const json expected{{"object", "response"},
                        {"status", "completed"},
                        {"model", "gpt-5.2"},
                        {"error", nullptr},
                        {"incomplete_details", nullptr},
                        {"instructions", nullptr},
                        {"metadata", json::object()},
                        {"parallel_tool_calls", true},
                        {"tool_choice", "none"},
                        {"tools", json::array()},
                        {"previous_response_id", nullptr},
                        {"store", false},
                        {"service_tier", "priority"}};
    for (const auto& [key, value] : expected.items())
        EXPECT_EQ(response.at(key), value) << key;
    EXPECT_TRUE(response.at("created_at").is_number_integer());
    EXPECT_TRUE(events.front()["response"]["usage"].is_null());
    EXPECT_FALSE(response.contains("tool_usage"));
}

TEST(Answer, WarmUpMakesNoOutputButCanBeContinued)
{
    Bench bench;
    auto& client = bench.connect();
    const auto warm = bench.say(client, create({{"generate", false}, {"store", false}}));
    EXPECT_EQ(types_of(warm), (Types{"created", "in_progress", "completed"}));
    EXPECT_EQ(warm.back()["response"]["output"], json::array());
    EXPECT_EQ(warm.back()["response"]["usage"]["output_tokens"], 0);
    EXPECT_EQ(outcome(bench.say(client, continuing(id_of(warm)))), "completed");
}

TEST(Answer, AddsUsageUpAlongTheChain)
{
    Bench bench;
    auto& client = bench.connect();
    const auto one =
        bench.say(client, create({{"input", "12345678901"}})); // 13 bytes of JSON: 4 tokens
    const json first = one.back()["response"]["usage"];
    EXPECT_EQ(first["input_tokens"], 4);
    EXPECT_EQ(first["input_tokens_details"]["cached_tokens"], 0);
    EXPECT_EQ(first["total_tokens"], 4 + 24);

    const json second = bench.say(client, continuing(id_of(one))).back()["response"]["usage"];
    EXPECT_EQ(second["input_tokens"], 4 + 24 + 2); // "Hello"
    EXPECT_EQ(second["input_tokens_details"]["cached_tokens"], 4 + 24);
    EXPECT_EQ(second["total_tokens"], 4 + 24 + 2 + 24);

    const json stored = bench.say(client, continuing(id_of(one))).back()["response"]["usage"];
    EXPECT_EQ(stored["input_tokens"], 4 + 24 + 2);
    EXPECT_EQ(stored["input_tokens_details"]["cached_tokens"], 0);
}

TEST(Answer, CallsAToolTheTextIsAboutAndQuotesItsOutput)
{
    Bench bench;
    auto& client = bench.connect();
    const json tools = json::array({weather_tool()});
    const auto asked = bench.say(
        client, create({{"input", "What is the Weather in Paris, please?"}, {"tools", tools}}));
    const json& call = asked.back()["response"]["output"][0];
    EXPECT_EQ(call["type"], "function_call");
    EXPECT_EQ(call["name"], "get_weather");
    EXPECT_EQ(call["arguments"], R"({"unit":"celsius","city":"Paris","days":1,"exact":true})");

    const json output{
        {"type", "function_call_output"}, {"call_id", call["call_id"]}, {"output", "21 degrees"}};
    const auto answered =
        bench.say(client, continuing(id_of(asked), {{"input", json::array({output})}}));
    const json& text = answered.back()["response"]["output"][0]["content"][0]["text"];
    EXPECT_TRUE(text.get<std::string>().starts_with("The tool says: 21 degrees"));

    // The chain's tools go on.
    const auto again =
        bench.say(client, continuing(id_of(answered), {{"input", "And the weather tomorrow?"}}));
    EXPECT_EQ(again.back()["response"]["output"][0]["name"], "get_weather");
}

TEST(Answer, CallsNoToolWithoutReason)
{
    const json about = "the weather";
    const struct
    {
        json fields;
        bool calls;
    } rows[] = {
        {{{"input", about}}, true},
        {{{"input", "the news"}}, false},
        {{{"input", "get me something"}}, false}, // a short word
        {{{"input", about}, {"tool_choice", "none"}}, false},
        {{{"input", "the news"}, {"tool_choice", "required"}}, true},
        {{{"input", "the news"}, {"tool_choice", {{"type", "function"}, {"name", "get_weather"}}}},
         true},
        {{{"input", about}, {"generate", false}}, false},
        {{{"input", json::array({{{"role", "developer"}, {"content", about}}})}}, false},
    };
    for (const auto& row : rows) {
        Bench bench;
        json event = create(row.fields);
        event["tools"] = json::array({weather_tool()});
        const auto events = bench.say(bench.connect(), event);
        const json& output = events.back()["response"]["output"];
        EXPECT_EQ(!output.empty() && output[0]["type"] == "function_call", row.calls) << event;
    }
}

TEST(Answer, IsTheSameForASeed)
{
    const auto play = [] {
        Bench bench;
        auto& client = bench.connect();
        bench.say(client, create());
        return client.line.sent.at(4);
    };
    EXPECT_EQ(play(), play());
}

} // namespace
} // namespace turngate::sim
