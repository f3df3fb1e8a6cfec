#include "turngate/accounts/breaker.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace turngate::accounts {
namespace {

using namespace std::chrono_literals;
using Phase = Breaker::Phase;

constexpr core::Deadline kStart{1'000h};

void fail(Breaker& breaker, int times, core::Deadline now)
{
    for (int i = 0; i < times; ++i) {
        auto permit = breaker.try_pass(now);
        ASSERT_TRUE(permit);
        permit->settle(Outcome::fault, now);
    }
}

TEST(Breaker, OpensProbesAndCloses)
{
    Breaker breaker;
    fail(breaker, 4, kStart);
    EXPECT_EQ(breaker.phase(kStart), Phase::closed);
    fail(breaker, 1, kStart);
    EXPECT_EQ(breaker.phase(kStart), Phase::open);
    EXPECT_EQ(breaker.opened_at(), kStart);
    EXPECT_FALSE(breaker.lets_pass(kStart + 29s));
    EXPECT_FALSE(breaker.try_pass(kStart + 29s));

    const auto later = kStart + 30s;
    EXPECT_EQ(breaker.phase(later), Phase::half_open);
    EXPECT_TRUE(breaker.lets_pass(later));
    auto first = breaker.try_pass(later);
    auto second = breaker.try_pass(later);
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(breaker.lets_pass(later));
    EXPECT_FALSE(breaker.try_pass(later));

    first->settle(Outcome::success, later + 1s);
    EXPECT_EQ(breaker.phase(later + 1s), Phase::half_open);
    second->settle(Outcome::success, later + 1s);
    EXPECT_EQ(breaker.phase(later + 1s), Phase::closed);
}

TEST(Breaker, ReopensForLongerWhenAProbeFails)
{
    Breaker breaker;
    fail(breaker, 5, kStart);
    auto now = kStart;
    for (const auto wait : {30s, 60s, 120s, 240s, 300s, 300s}) {
        EXPECT_FALSE(breaker.lets_pass(now + wait - 1s)) << wait.count();
        now += wait;
        fail(breaker, 1, now);
        EXPECT_EQ(breaker.phase(now), Phase::open) << wait.count();
        EXPECT_EQ(breaker.opened_at(), now);
    }
}

TEST(Breaker, GivesBackAProbeThatIsNotSettledOrSaysNothing)
{
    Breaker breaker;
    fail(breaker, 5, kStart);
    const auto now = kStart + 30s;
    for (int i = 0; i < 10; ++i) {
        const auto dropped = breaker.try_pass(now);
        ASSERT_TRUE(dropped) << i;
        auto neutral = breaker.try_pass(now);
        ASSERT_TRUE(neutral) << i;
        neutral->settle(Outcome::neutral, now);
    }
    EXPECT_EQ(breaker.phase(now), Phase::half_open);
}

TEST(Breaker, ReplacesProbesThatNeverComeBack)
{
    Breaker breaker;
    fail(breaker, 5, kStart);
    const auto sent = kStart + 30s;
    auto one = breaker.try_pass(sent);
    auto other = breaker.try_pass(sent);
    ASSERT_TRUE(one && other);
    EXPECT_FALSE(breaker.try_pass(sent + 119s));

    const auto now = sent + 120s;
    auto third = breaker.try_pass(now);
    ASSERT_TRUE(third);
    one->settle(Outcome::fault, now); // too late to count
    EXPECT_EQ(breaker.phase(now), Phase::half_open);
    third->settle(Outcome::success, now);
    auto fourth = breaker.try_pass(now);
    ASSERT_TRUE(fourth);
    other->settle(Outcome::success, now); // neither
    EXPECT_EQ(breaker.phase(now), Phase::half_open);
    fourth->settle(Outcome::success, now);
    EXPECT_EQ(breaker.phase(now), Phase::closed);
}

TEST(Breaker, LetsNoPermitOfAnEarlierPeriodCount)
{
    Breaker breaker;
    std::vector<BreakerPermit> early;
    for (int i = 0; i < 12; ++i)
        early.push_back(*breaker.try_pass(kStart));
    for (int i = 0; i < 6; ++i) // the sixth comes when it is open already
        early[i].settle(Outcome::fault, kStart + i * 1s);
    EXPECT_EQ(breaker.opened_at(), kStart + 4s);

    const auto now = kStart + 40s;
    auto probe = breaker.try_pass(now);
    early[6].settle(Outcome::fault, now);
    early[7].settle(Outcome::success, now);
    early[8].settle(Outcome::success, now);
    EXPECT_EQ(breaker.phase(now), Phase::half_open);

    probe->settle(Outcome::success, now);
    breaker.try_pass(now)->settle(Outcome::success, now);
    EXPECT_EQ(breaker.phase(now), Phase::closed);
    fail(breaker, 4, now);
    early[9].settle(Outcome::fault, now); // would be the fifth
    EXPECT_EQ(breaker.phase(now), Phase::closed);
    early[10].settle(Outcome::success, now); // would begin a new row
    fail(breaker, 1, now);
    EXPECT_EQ(breaker.phase(now), Phase::open);
}

TEST(Breaker, CountsAPermitOnceWhateverIsDoneWithIt)
{
    Breaker breaker;
    fail(breaker, 3, kStart);
    auto permit = breaker.try_pass(kStart);
    BreakerPermit moved = std::move(*permit);
    moved.settle(Outcome::fault, kStart);
    moved.settle(Outcome::fault, kStart);
    permit->settle(Outcome::fault, kStart);
    EXPECT_EQ(breaker.phase(kStart), Phase::closed); // four
    moved = *breaker.try_pass(kStart);
    moved.settle(Outcome::fault, kStart);
    EXPECT_EQ(breaker.phase(kStart), Phase::open);
}

TEST(Breaker, CanBePassedAnywayWhenNothingElseIsLeft)
{
    Breaker breaker;
    fail(breaker, 5, kStart);
    auto first = breaker.pass_anyway(kStart + 1s); // begins to probe
    auto second = breaker.pass_anyway(kStart + 1s);
    auto third = breaker.pass_anyway(kStart + 1s); // beyond the probes
    third.settle(Outcome::fault, kStart + 2s);
    EXPECT_EQ(breaker.phase(kStart + 2s), Phase::half_open);
    first.settle(Outcome::success, kStart + 3s);
    second.settle(Outcome::success, kStart + 3s);
    EXPECT_EQ(breaker.phase(kStart + 3s), Phase::closed);
}

TEST(Breaker, TakesNewRulesWithoutForgettingItsState)
{
    Breaker breaker;
    fail(breaker, 2, kStart);
    breaker.configure({.failures = 3, .open = 2s, .max_open = 3s, .probes = 1});
    fail(breaker, 1, kStart);
    EXPECT_FALSE(breaker.lets_pass(kStart + 1s));
    fail(breaker, 1, kStart + 2s);
    EXPECT_FALSE(breaker.lets_pass(kStart + 4s)); // 3 s now, not 4
    auto probe = breaker.try_pass(kStart + 5s);
    ASSERT_TRUE(probe);
    EXPECT_FALSE(breaker.try_pass(kStart + 5s));
    probe->settle(Outcome::success, kStart + 5s);
    EXPECT_EQ(breaker.phase(kStart + 5s), Phase::closed);
}

// Four loops pass, drop and settle; at the end every probe is back in its place.
TEST(Breaker, LosesNoPermitAmongThreads)
{
    Breaker breaker;
    breaker.configure({.failures = 3, .open = 1s, .max_open = 1s, .probes = 5});
    const auto turns = [&](unsigned seed) {
        core::Deadline now = kStart;
        for (unsigned i = 0; i < 20'000; ++i) {
            now += 100ms;
            seed = seed * 1'664'525 + 1'013'904'223;
            auto permit = seed >> 31 ? breaker.try_pass(now) : breaker.pass_anyway(now);
            if (permit)
                permit->settle(static_cast<Outcome::Kind>((seed >> 20) % 4 % 3), now);
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i)
        threads.emplace_back(turns, i + 1);
    for (auto& thread : threads)
        thread.join();

    // Soon enough for a lost probe not to be given up yet: it would be missed.
    const auto now = kStart + 2'001s;
    while (breaker.phase(now) == Phase::closed)
        fail(breaker, 1, now);
    const auto later = now + 1s;
    std::vector<BreakerPermit> probes;
    while (auto permit = breaker.try_pass(later))
        probes.push_back(std::move(*permit));
    ASSERT_GE(probes.size(), 1u);
    ASSERT_LE(probes.size(), 5u);
    for (BreakerPermit& probe : probes)
        probe.settle(Outcome::success, later);
    EXPECT_EQ(breaker.phase(later), Phase::closed);
}

// As many as there are probes, however many ask at once; and all of them count.
TEST(Breaker, HandsOutNoMoreProbesThanThereAre)
{
    for (int round = 0; round < 50; ++round) {
        Breaker breaker;
        fail(breaker, 5, kStart);
        const auto now = kStart + 30s;
        std::atomic<int> passed{0};
        std::atomic<bool> go{false};
        const auto turn = [&] {
            while (!go)
                std::this_thread::yield();
            if (auto permit = breaker.try_pass(now)) {
                ++passed;
                permit->settle(Outcome::neutral, now);
            }
        };
        std::vector<BreakerPermit> held;
        held.push_back(*breaker.try_pass(now));
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back(turn);
        go = true;
        for (auto& thread : threads)
            thread.join();
        EXPECT_GE(passed, 1);
        held.push_back(*breaker.try_pass(now)); // those of the threads are back
        EXPECT_FALSE(breaker.try_pass(now));
    }
}

} // namespace
} // namespace turngate::accounts
