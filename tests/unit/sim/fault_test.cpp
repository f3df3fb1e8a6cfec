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

// The types of events one create brings under one rule.
Types played(const std::string& act, std::vector<std::string>* done = nullptr)
{
    Bench bench = scripted(R"([{"do":)" + act + "}]");
    auto& client = bench.connect();
    const auto types = types_of(bench.say(client, create()));
    if (done)
        *done = client.line.done;
    return types;
}

TEST(Fault, PutsFaultsWhereTheyBelong)
{
    const struct
    {
        const char* when;
        std::size_t events;
    } rows[] = {{"before", 0},
                {"created", 2},
                {"content:0", 4},
                {"content:1", 5},
                {"terminal", 9},
                {"after", 10},
                {"content:99", 9}};
    for (const auto& row : rows) {
        std::vector<std::string> done;
        const auto events =
            played(R"({"fault":{"kind":"reset","when":")" + std::string(row.when) + "\"}}", &done);
        EXPECT_EQ(events.size(), row.events) << row.when;
        EXPECT_EQ(done, (std::vector<std::string>{"reset"})) << row.when;
    }
}

TEST(Fault, KnowsEveryFault)
{
    const struct
    {
        const char* fault;
        std::vector<std::string> done;
        std::size_t events; // of ten
    } rows[] = {
        {R"({"kind":"reset"})", {"reset"}, 0},
        {R"({"kind":"eof"})", {"eof"}, 0},
        {R"({"kind":"close","code":1012,"reason":"restart","when":"created"})",
         {"close 1012 restart"},
         2},
        {R"({"kind":"close"})", {"close 1011 "}, 0},
        {R"({"kind":"hang","when":"created"})", {}, 2},
        {R"({"kind":"half_open"})", {"frozen"}, 0},
        {R"({"kind":"no_pong"})", {"no pongs"}, 10},
        {R"({"kind":"garbage","when":"created"})", {}, 11},
        {R"({"kind":"unknown_event"})", {}, 11},
        {R"({"kind":"binary"})", {"binary"}, 10},
        {R"({"kind":"slow_read","bytes_per_second":100})", {"slow 100"}, 10},
        {R"({"kind":"duplicate_terminal"})", {}, 11},
        {R"({"kind":"late_events"})", {}, 11},
    };
    for (const auto& row : rows) {
        std::vector<std::string> done;
        EXPECT_EQ(played(R"({"fault":)" + std::string(row.fault) + "}", &done).size(), row.events)
            << row.fault;
        EXPECT_EQ(done, row.done) << row.fault;
    }
}

TEST(Fault, FaultsBetweenTurnsAfterADelay)
{
    Bench bench =
        scripted(R"([{"do":{"fault":{"kind":"close","code":1001,"when":"after","delay_ms":50}}}])");
    auto& client = bench.connect();
    EXPECT_EQ(outcome(bench.say(client, create())), "completed");
    bench.wait(client, std::chrono::milliseconds(49));
    EXPECT_TRUE(client.line.done.empty());
    bench.wait(client, std::chrono::milliseconds(1));
    EXPECT_EQ(client.line.done, (std::vector<std::string>{"close 1001 "}));
}

TEST(Fault, SendsErrorsInBothFormsAtEachPoint)
{
    Bench bench = scripted(R"([
        {"times":1,"do":{"error":{"status":429,"code":"rate_limit_exceeded","message":"slow","headers":{"retry-after":"2"}}}},
        {"times":1,"do":{"error":{"code":"server_error","flat":true,"after":"created"}}},
        {"times":1,"do":{"error":{"status":503,"after":"content:1"}}}])");
    auto& client = bench.connect();
    const json nested = bench.say(client, create({{"stream_id", "l"}})).back();
    EXPECT_EQ(nested["status"], 429);
    EXPECT_EQ(nested["stream_id"], "l");
    EXPECT_EQ(nested["headers"]["retry-after"], "2");
    EXPECT_EQ(nested["error"]["type"], "rate_limit_error");
    const auto flat = bench.say(client, create());
    EXPECT_EQ(types_of(flat), (Types{"created", "in_progress", "error"}));
    EXPECT_EQ(flat.back()["code"], "server_error");
    EXPECT_FALSE(flat.back().contains("error"));
    EXPECT_EQ(bench.say(client, create()).size(), 6u);
    EXPECT_EQ(outcome(bench.say(client, create())), "completed"); // the lane is free
    EXPECT_EQ(bench.world.stats.responses["error"], 3u);
}

} // namespace
} // namespace turngate::sim
