#include "verifier.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace turngate::bench {
namespace {

std::string created(const char* id, int sequence = 0)
{
    return fmt::format(
        R"({{"type":"response.created","sequence_number":{},"response":{{"id":"{}"}}}})",
        sequence,
        id);
}
std::string item_added(const char* id, int sequence)
{
    return fmt::format(
        R"({{"type":"response.output_item.added","sequence_number":{},"output_index":0,"item":{{"id":"{}","type":"message"}}}})",
        sequence,
        id);
}
std::string delta(const char* item, int sequence, const char* text)
{
    return fmt::format(
        R"({{"type":"response.output_text.delta","sequence_number":{},"item_id":"{}","delta":"{}"}})",
        sequence,
        item,
        text);
}
std::string text_done(const char* item, int sequence, const char* text)
{
    return fmt::format(
        R"({{"type":"response.output_text.done","sequence_number":{},"item_id":"{}","text":"{}"}})",
        sequence,
        item,
        text);
}
std::string completed(const char* id, int sequence)
{
    return fmt::format(
        R"({{"type":"response.completed","sequence_number":{},"response":{{"id":"{}","status":"completed"}}}})",
        sequence,
        id);
}
const std::string kRateLimits = R"({"type":"codex.rate_limits","plan_type":"x"})";
const std::string kError =
    R"({"type":"error","status":429,"error":{"type":"t","code":"rate_limit_exceeded","message":"m"}})";

std::vector<std::string> good_turn(const char* id, const char* item)
{
    return {created(id),
            item_added(item, 1),
            kRateLimits,
            delta(item, 2, "he"),
            delta(item, 3, R"(llo \")"),
            text_done(item, 4, R"(hello \")"),
            completed(id, 5)};
}

struct Bench
{
    protocol::UpstreamEventReader reader;
    Tally tally;
    Verifier verifier;

    explicit Bench(DeltaRule rule = {}) : verifier(rule, reader, tally) {}

    Progress turn(const std::vector<std::string>& events)
    {
        verifier.begin_turn();
        return more(events);
    }
    Progress more(const std::vector<std::string>& events)
    {
        Progress last = Progress::stray;
        for (const std::string& event : events)
            last = verifier.on_event(event);
        return last;
    }
    std::uint64_t count(Violation violation) const
    {
        return tally.violations[static_cast<std::size_t>(violation)];
    }
};

TEST(Verifier, FindsNothingWrongWithGoodTurns)
{
    Bench bench;
    EXPECT_EQ(bench.turn(good_turn("resp_1", "msg_1")), Progress::ended);
    EXPECT_EQ(bench.verifier.response_id(), "resp_1");
    EXPECT_EQ(bench.turn(good_turn("resp_2", "msg_2")), Progress::ended);
    EXPECT_EQ(bench.verifier.response_id(), "resp_2");
    EXPECT_TRUE(bench.tally.is_sound());
    EXPECT_EQ(bench.tally.turns, 2u);
    EXPECT_EQ(bench.tally.deltas, 4u);
    EXPECT_EQ(bench.tally.events, 14u);
}

TEST(Verifier, TellsTheFirstEventFromTheOthers)
{
    Bench bench;
    bench.verifier.begin_turn();
    EXPECT_EQ(bench.verifier.on_event(created("resp_1")), Progress::first);
    EXPECT_EQ(bench.verifier.on_event(item_added("msg_1", 1)), Progress::more);
}

TEST(Verifier, SeesEveryKindOfViolation)
{
    struct Case
    {
        Violation violation;
        std::vector<std::string> events;
    };
    const std::vector<Case> cases{
        {Violation::no_created, {item_added("msg_1", 1)}},
        {Violation::no_created, {completed("resp_1", 1)}},
        {Violation::second_created, {created("resp_1"), created("resp_2")}},
        {Violation::sequence_missing,
         {created("resp_1"), R"({"type":"response.output_item.done","item":{}})"}},
        {Violation::sequence_gap, {created("resp_1"), item_added("msg_1", 2)}},
        {Violation::sequence_gap, {created("resp_1"), item_added("msg_1", 0)}},
        {Violation::foreign_response, {created("resp_1"), completed("resp_2", 1)}},
        {Violation::foreign_item,
         {created("resp_1"), item_added("msg_1", 1), delta("msg_2", 2, "x")}},
        {Violation::text_differs,
         {created("resp_1"),
          item_added("msg_1", 1),
          delta("msg_1", 2, "x"),
          text_done("msg_1", 3, "y")}},
        {Violation::after_terminal,
         {created("resp_1"), completed("resp_1", 1), completed("resp_1", 2)}},
    };
    for (const Case& c : cases) {
        Bench bench({DeltaRule::Kind::any, 0});
        bench.turn(c.events);
        EXPECT_EQ(bench.count(c.violation), 1u) << name_of(c.violation);
        EXPECT_EQ(bench.tally.violation_count(), 1u) << name_of(c.violation);
        EXPECT_FALSE(bench.tally.is_sound());
        EXPECT_EQ(bench.tally.samples.size(), 1u);
    }
}

TEST(Verifier, GoesOnAfterAViolation)
{
    Bench bench;
    bench.turn({created("resp_1"), completed("resp_2", 1)});
    bench.turn({created("resp_3"), completed("resp_3", 1)});
    EXPECT_EQ(bench.tally.violation_count(), 1u);
    EXPECT_EQ(bench.verifier.response_id(), "resp_3");
}

TEST(Verifier, CountsDeltasByTheRule)
{
    struct Case
    {
        DeltaRule rule;
        std::uint64_t violations;
    };
    for (const Case& c : {Case{{DeltaRule::Kind::any, 0}, 0},
                          Case{{DeltaRule::Kind::same, 0}, 1},
                          Case{{DeltaRule::Kind::exactly, 2}, 1},
                          Case{{DeltaRule::Kind::exactly, 1}, 1},
                          Case{{DeltaRule::Kind::exactly, 3}, 2}}) {
        Bench bench(c.rule);
        bench.turn(good_turn("resp_1", "msg_1")); // two deltas
        bench.turn({created("resp_2"),
                    item_added("msg_2", 1),
                    delta("msg_2", 2, "x"),
                    completed("resp_2", 3)});
        EXPECT_EQ(bench.count(Violation::delta_count), c.violations);
    }
}

TEST(Verifier, LetsTypesThatNobodyKnowsHaveNoNumber)
{
    Bench bench;
    bench.turn({created("resp_1"), R"({"type":"response.unheard_of"})", completed("resp_1", 1)});
    EXPECT_TRUE(bench.tally.is_sound());
}

TEST(Verifier, CountsErrorsByCodeAndStartsANewChain)
{
    Bench bench;
    bench.turn(good_turn("resp_1", "msg_1"));
    EXPECT_EQ(bench.turn({kError}), Progress::ended);
    EXPECT_EQ(bench.verifier.response_id(), "");
    EXPECT_EQ(bench.tally.errors["rate_limit_exceeded"], 1u);
    EXPECT_EQ(bench.turn({created("resp_2"), kError}), Progress::ended);
    EXPECT_EQ(bench.tally.errors["rate_limit_exceeded"], 2u);
    EXPECT_TRUE(bench.tally.is_sound());
}

TEST(Verifier, LetsAServerSpeakOfTheConnectionBetweenTurns)
{
    Bench bench;
    EXPECT_EQ(bench.more({kRateLimits}), Progress::stray);
    EXPECT_EQ(bench.more({kError}), Progress::stray);
    EXPECT_TRUE(bench.tally.is_sound());
    EXPECT_EQ(bench.tally.error_count(), 1u);
}

TEST(Verifier, KnowsNoTurnAndNoParentAfterStartingOver)
{
    Bench bench;
    bench.turn(good_turn("resp_1", "msg_1"));
    bench.turn({created("resp_2")});
    bench.verifier.start_over(false);
    EXPECT_FALSE(bench.verifier.is_in_turn());
    EXPECT_EQ(bench.verifier.response_id(), "");
    bench.more({item_added("msg_1", 1)});
    EXPECT_EQ(bench.count(Violation::after_terminal), 1u);
}

TEST(Verifier, KeepsAStoredParentWhenItsConnectionHasEnded)
{
    Bench bench;
    bench.turn(good_turn("resp_1", "msg_1"));
    bench.turn({created("resp_2")});
    bench.verifier.start_over(true);
    EXPECT_FALSE(bench.verifier.is_in_turn());
    EXPECT_EQ(bench.verifier.response_id(), "resp_1");
}

} // namespace
} // namespace turngate::bench
