#include "breaker_state.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace turngate::accounts {

void PrintTo(const BreakerState& state, std::ostream* out)
{
    static constexpr const char* kPhases[] = {"closed", "open", "half_open"};
    *out << kPhases[static_cast<int>(state.phase)] << " level " << state.level << " period "
         << state.period << " failures " << state.failures << " out " << state.out << " fine "
         << state.fine << " at " << state.at;
}

void PrintTo(const BreakerStep& step, std::ostream* out)
{
    PrintTo(step.next, out);
    *out << " pass " << static_cast<int>(step.pass);
}

namespace {

using namespace std::chrono_literals;
using enum BreakerEvent;
using enum Pass;
using Phase = BreakerState::Phase;

constexpr Tick kNow = 10'000;
constexpr Tick kOpen = 300;
const config::BreakerRules kRules;

BreakerState closed(unsigned failures, unsigned period = 7)
{
    return {.phase = Phase::closed, .period = period, .failures = failures};
}

BreakerState open(Tick at, unsigned level = 0, unsigned period = 7)
{
    return {.phase = Phase::open, .level = level, .period = period, .at = at};
}

BreakerState half_open(unsigned out, unsigned fine, Tick at, unsigned period = 7)
{
    return {.phase = Phase::half_open,
            .level = 1,
            .period = period,
            .out = out,
            .fine = fine,
            .at = at};
}

TEST(BreakerState, AnswersEveryEventInEveryState)
{
    const BreakerState just_open = open(kNow - kOpen + 1);
    const BreakerState may_probe = open(kNow - kOpen);
    const BreakerState begun = half_open(1, 0, kNow - 9);
    const BreakerState all_out = half_open(2, 0, kNow - kPermitLife + 1);
    const BreakerState one_fine = half_open(1, 1, kNow - 9);
    const BreakerState lost = half_open(1, 1, kNow - kPermitLife);
    const BreakerState given_back = half_open(0, 1, kNow - 9);

    const auto probing = [](unsigned level) {
        BreakerState state = half_open(1, 0, kNow, 8);
        state.level = level;
        return state;
    };
    const struct
    {
        BreakerState before;
        BreakerEvent event;
        BreakerStep step;
    } rows[] = {
        {closed(0), ask, {closed(0), counted}},
        {closed(0), insist, {closed(0), counted}},
        {closed(0), success, {closed(0)}},
        {closed(0), fault, {closed(1)}},
        {closed(0), neutral, {closed(0)}},

        {closed(4), ask, {closed(4), counted}},
        {closed(4), insist, {closed(4), counted}},
        {closed(4), success, {closed(0)}}, // in a row
        {closed(4), fault, {open(kNow, 0, 8)}},
        {closed(4), neutral, {closed(4)}}, // neither breaks the row nor adds to it

        {just_open, ask, {just_open, refused}},
        {just_open, insist, {probing(0), counted}},
        {just_open, success, {just_open}},
        {just_open, fault, {just_open}},
        {just_open, neutral, {just_open}},

        {may_probe, ask, {probing(0), counted}},
        {may_probe, insist, {probing(0), counted}},
        {may_probe, success, {may_probe}},
        {may_probe, fault, {may_probe}},
        {may_probe, neutral, {may_probe}},

        {begun, ask, {half_open(2, 0, kNow), counted}},
        {begun, insist, {half_open(2, 0, kNow), counted}},
        {begun, success, {half_open(0, 1, kNow - 9)}},
        {begun, fault, {open(kNow, 2, 8)}},
        {begun, neutral, {half_open(0, 0, kNow - 9)}},

        {all_out, ask, {all_out, refused}},
        {all_out, insist, {all_out, uncounted}},
        {all_out, success, {half_open(1, 1, all_out.at)}},
        {all_out, fault, {open(kNow, 2, 8)}},
        {all_out, neutral, {half_open(1, 0, all_out.at)}},

        {one_fine, ask, {one_fine, refused}},
        {one_fine, insist, {one_fine, uncounted}},
        {one_fine, success, {closed(0, 8)}},
        {one_fine, fault, {open(kNow, 2, 8)}},
        {one_fine, neutral, {given_back}},

        {lost, ask, {probing(1), counted}},
        {lost, insist, {probing(1), counted}},
        {lost, success, {closed(0, 8)}}, // late, but nobody has asked since
        {lost, fault, {open(kNow, 2, 8)}},
        {lost, neutral, {half_open(0, 1, lost.at)}},

        {given_back, ask, {half_open(1, 1, kNow), counted}},
        {given_back, insist, {half_open(1, 1, kNow), counted}},
    };
    for (const auto& [before, event, step] : rows)
        EXPECT_EQ(on(before, event, kRules, kNow), step)
            << testing::PrintToString(before) << " event " << int(event);
}

TEST(BreakerState, StaysOpenTwiceAsLongEachTimeUpToTheLongest)
{
    const unsigned seconds[] = {30, 60, 120, 240, 300, 300, 300};
    for (unsigned level = 0; level < std::size(seconds); ++level) {
        const Tick wait = seconds[level] * 10;
        EXPECT_FALSE(may_probe(open(0, level), kRules, wait - 1)) << level;
        EXPECT_TRUE(may_probe(open(0, level), kRules, wait)) << level;
    }
    EXPECT_TRUE(may_probe(open(0, 15), kRules, 3'000));
}

TEST(BreakerState, CountsItsLevelNoFurtherThanItsBits)
{
    BreakerState state = half_open(1, 0, 0);
    state.level = 15;
    EXPECT_EQ(on(state, fault, kRules, kNow).next.level, 15u);
}

// The word's clock and the periods wrap; a loop may come with a time taken a moment ago.
TEST(BreakerState, WrapsWithoutASlip)
{
    const Tick late = 0xffff'ff00;
    EXPECT_FALSE(may_probe(open(late), kRules, late + kOpen - 1));
    EXPECT_TRUE(may_probe(open(late), kRules, late + kOpen));
    EXPECT_FALSE(may_probe(open(kNow), kRules, kNow - 5));
    EXPECT_EQ(on(closed(4, 0xffff), fault, kRules, kNow).next.period, 0u);
}

TEST(BreakerState, DoesNotHangWhenAReloadAsksForFewerProbes)
{
    config::BreakerRules fewer;
    fewer.probes = 1;
    const auto step = on(half_open(0, 1, kNow - kPermitLife), ask, fewer, kNow);
    EXPECT_EQ(step.pass, counted);
    EXPECT_EQ(on(step.next, success, fewer, kNow).next.phase, Phase::closed);
}

TEST(BreakerState, IsTheSameAfterPacking)
{
    const BreakerState states[] = {
        {},
        closed(1'000, 0xffff),
        open(0xffff'ffff, 15, 0xffff),
        half_open(31, 31, 0x8000'0001, 0xabcd),
        half_open(0, 31, 1),
        half_open(31, 0, 1),
    };
    for (const BreakerState& state : states)
        EXPECT_EQ(BreakerState::unpacked(state.packed()), state);
    EXPECT_EQ(BreakerState{}.packed(), 0u);
}

} // namespace
} // namespace turngate::accounts
