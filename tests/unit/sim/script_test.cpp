#include "recording_line.hpp"

#include <gtest/gtest.h>

namespace turngate::sim {
namespace {

using nlohmann::json;
using Types = std::vector<std::string>;

Bench scripted(const std::string& rules)
{
    Options options;
    options.pacing = {2, 12, {}};
    return Bench(options, rules);
}

TEST(Script, NamesThePlaceOfAMistake)
{
    const struct
    {
        const char* script;
        const char* complaint;
    } rows[] = {
        {"{", "script: is no JSON"},
        {"{}", "script: has no array 'rules'"},
        {R"({"rules":[{}]})", "rules[0]: has no 'do'"},
        {R"({"rules":[{"do":{"anser":[]}}]})", "rules[0].do: unknown key 'anser'"},
        {R"({"rules":[{"do":{"fault":{"kind":"explode"}}}]})",
         "rules[0].do.fault: has no known 'kind'"},
        {R"({"rules":[{"do":{"fault":{"kind":"reset","when":"content:x"}}}]})",
         "rules[0].do.fault: 'content:x' is no point: before, created, content:N, terminal or "
         "after"},
        {R"({"rules":[{"match":{"lanes":"a"},"do":{}}]})", "rules[0].match: unknown key 'lanes'"},
        {R"({"rules":[{"match":{"create":1},"do":{"upgrade":{"status":429}}}]})",
         "rules[0].match: unknown key 'create'"},
        {R"({"rules":[{"do":{"upgrade":{"status":99}}}]})",
         "rules[0].do.upgrade: status must be 101 or 200 to 599"},
        {R"({"rules":[{"do":{"upgrade":{"then":{"kind":"hang"}}}}]})",
         "rules[0].do.upgrade.then: is for a response, not for a connection"},
        {R"({"rules":[{"do":{"answer":[{}]}}]})",
         "rules[0].do.answer[0]: is none of text, call, custom_call, shell_call, reasoning, "
         "web_search, "
         "item, wait_for_outputs"},
        {R"({"rules":[{"do":{"events":[{"when":"created"}]}}]})",
         "rules[0].do.events[0]: has no 'event'"},
        {R"({"rules":[{"do":{"answer":[{"text":"a"},{"text":"b"}],"arrival":[0,0]}}]})",
         "rules[0].do: arrival must name each item of 'answer' once"},
    };
    for (const auto& row : rows) {
        try {
            read_script(row.script);
            ADD_FAILURE() << row.script;
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), row.complaint);
        }
    }
}

TEST(Script, MatchesWhatIsAsked)
{
    const struct
    {
        const char* match;
        bool wins;
    } rows[] = {
        {"{}", true},
        {R"({"connection":1})", true},
        {R"({"connection":2})", false},
        {R"({"create":1,"process_create":1})", true},
        {R"({"create":2})", false},
        {R"({"process_create":2})", false},
        {R"({"lane":"main"})", true},
        {R"({"lane":""})", false},
        {R"({"model":"gpt-5.2"})", true},
        {R"({"model":"o"})", false},
        {R"({"path":"/v1/responses"})", true},
        {R"({"path":"/x"})", false},
        {R"({"header":{"Authorization":"Bearer k"}})", true},
        {R"({"header":{"authorization":"Bearer other"}})", false},
        {R"({"input_contains":"ell"})", true},
        {R"({"input_contains":"nothing"})", false},
        {R"({"larger_than":20})", true},
        {R"({"larger_than":2000})", false},
        {R"({"parent":"none","generate":true})", true},
        {R"({"parent":"memory"})", false},
        {R"({"generate":false})", false},
    };
    for (const auto& row : rows) {
        Bench bench =
            scripted(R"([{"match":)" + std::string(row.match) + R"(,"do":{"incomplete":"won"}}])");
        const auto events = bench.say(bench.connect(), create({{"stream_id", "main"}}));
        EXPECT_EQ(outcome(events) == "incomplete", row.wins) << row.match;
    }
}

TEST(Script, KnowsTheKindOfParent)
{
    Bench bench = scripted(R"([{"match":{"parent":"memory"},"do":{"incomplete":"m"}},
                               {"match":{"parent":"stored"},"do":{"incomplete":"s"}}])");
    auto& client = bench.connect();
    const auto first = bench.say(client, create());
    const auto reason = [&](auto& on) {
        return bench.say(on, continuing(id_of(first)))
            .back()["response"]["incomplete_details"]["reason"];
    };
    EXPECT_EQ(outcome(first), "completed");
    EXPECT_EQ(reason(client), "m");
    EXPECT_EQ(reason(bench.connect()), "s");
}

TEST(Script, TakesTheFirstRuleWithTimesLeft)
{
    Bench bench =
        scripted(R"([{"times":2,"do":{"incomplete":"first"}},{"do":{"incomplete":"second"}}])");
    auto& client = bench.connect();
    std::vector<json> reasons;
    for (int i = 0; i < 4; ++i)
        reasons.push_back(
            bench.say(client, create()).back()["response"]["incomplete_details"]["reason"]);
    EXPECT_EQ(json(reasons), (json{"first", "first", "second", "second"}));
}

TEST(Script, DrawsLotsBySeed)
{
    const auto count = [](const char* probability) {
        Bench bench = scripted(R"([{"probability":)" + std::string(probability) +
                               R"(,"do":{"incomplete":"x"}}])");
        auto& client = bench.connect();
        const std::string warm_up = create({{"generate", false}, {"store", false}}).dump();
        for (int i = 0; i < 1000; ++i)
            client.session->on_message(warm_up, bench.now);
        return bench.world.stats.responses["incomplete"];
    };
    EXPECT_EQ(count("0"), 0u);
    EXPECT_EQ(count("1"), 1000u);
    EXPECT_NEAR(static_cast<double>(count("0.1")), 100.0, 40.0);
    EXPECT_EQ(count("0.1"), count("0.1"));
}

TEST(Script, EndsInFailureWithAndWithoutUsage)
{
    Bench bench = scripted(R"([{"times":1,"do":{"failed":{"code":"server_error","message":"m"}}},
                               {"do":{"failed":{"code":"x","message":"m","usage":{"total_tokens":5}}}}])");
    auto& client = bench.connect();
    const json one = bench.say(client, create()).back();
    EXPECT_EQ(one["type"], "response.failed");
    EXPECT_EQ(one["response"]["error"]["code"], "server_error");
    EXPECT_TRUE(one["response"]["usage"].is_null());
    EXPECT_EQ(bench.say(client, create()).back()["response"]["usage"]["total_tokens"], 5);
}

TEST(Script, ScriptsWholeAnswers)
{
    Bench bench = scripted(R"([{"do":{
        "answer":[{"reasoning":{"summary":"Hm","encrypted_content":"abcd","tokens":7}},
                  {"web_search":{"query":"q"}},
                  {"call":{"name":"exec","arguments":{"cmd":"ls"},"call_id":"call_1"}},
                  {"custom_call":{"name":"apply","input":"patch"}},
                  {"shell_call":{"action":{"commands":["ls"]}}},
                  {"text":"Done."}],
        "service_tier":"flex","metadata_turn_state":"ts","rate_limits":{"plan_type":"pro"}}}])");
    const auto events = bench.say(bench.connect(), create());
    const json& response = events.back()["response"];
    Types items;
    for (const json& item : response["output"])
        items.push_back(item["type"]);
    EXPECT_EQ(items,
              (Types{"reasoning",
                     "web_search_call",
                     "function_call",
                     "custom_tool_call",
                     "shell_call",
                     "message"}));
    EXPECT_EQ(response["output"][2]["call_id"], "call_1");
    EXPECT_EQ(response["output"][2]["arguments"], R"({"cmd":"ls"})");
    EXPECT_EQ(response["tool_usage"]["web_search"]["num_requests"], 1);
    EXPECT_EQ(response["usage"]["output_tokens_details"]["reasoning_tokens"], 7);
    EXPECT_EQ(response["service_tier"], "flex");
    EXPECT_EQ(events[2]["type"], "codex.rate_limits");
    EXPECT_EQ(events[2]["plan_type"], "pro");
    EXPECT_EQ(events[3]["headers"]["x-codex-turn-state"], "ts");
}

TEST(Script, ReplacesOrHidesUsage)
{
    Bench bench =
        scripted(R"([{"times":1,"do":{"usage":null}},{"do":{"usage":{"input_tokens":1}}}])");
    auto& client = bench.connect();
    EXPECT_FALSE(bench.say(client, create()).back()["response"].contains("usage"));
    EXPECT_EQ(bench.say(client, create()).back()["response"]["usage"], (json{{"input_tokens", 1}}));
}

} // namespace
} // namespace turngate::sim
