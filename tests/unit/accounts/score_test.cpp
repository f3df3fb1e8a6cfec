#include "turngate/accounts/score.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

namespace turngate::accounts {
namespace {

constexpr double kNear = 1e-9;

CandidateFacts idle(unsigned limit = 10)
{
    CandidateFacts facts;
    facts.limit = limit;
    return facts;
}

TEST(Score, OfOneThatIsIdleAndUnknownIsAllButTheFirstToken)
{
    const CandidateFacts facts[] = {idle()};
    const auto scores = score(facts, {});
    ASSERT_EQ(scores.size(), 1u);
    EXPECT_NEAR(scores[0].total, 1 + 1 + 0.7 + 0.8 + 0.25, kNear);
    EXPECT_TRUE(score({}, {}).empty());
}

TEST(Score, OfPriorityFallsLinearly)
{
    CandidateFacts facts[] = {idle(), idle(), idle(), idle()};
    const int priorities[] = {1, 2, 5, 4};
    for (int i = 0; i < 4; ++i)
        facts[i].priority = priorities[i];
    const auto scores = score(facts, {});
    EXPECT_NEAR(scores[0].priority, 1, kNear);
    EXPECT_NEAR(scores[1].priority, 0.75, kNear);
    EXPECT_NEAR(scores[2].priority, 0, kNear);
    EXPECT_NEAR(scores[3].priority, 0.25, kNear);
    for (CandidateFacts& one : facts)
        one.priority = -3;
    for (const Score& one : score(facts, {}))
        EXPECT_EQ(one.priority, 1);
}

TEST(Score, OfLoadIsByRoomRelativeAndAbsoluteAndByTrend)
{
    const struct
    {
        unsigned used, limit, largest;
        double trend, load;
    } rows[] = {
        {0, 10, 10, 1, 1},
        {5, 10, 10, 1, 0.5},        // 0.7 · 0.5 + 0.3 · 0.5
        {5, 10, 100, 1, 0.365},     // 0.7 · 0.5 + 0.3 · 0.05
        {0, 10, 100, 1, 0.73},      // 0.7 + 0.3 · 0.1
        {10, 10, 10, 1, 0},         //
        {12, 10, 10, 1, 0},         // the limit has shrunk
        {5, 10, 10, 0, 0.35},       // 0.5 · 0.7
        {5, 10, 10, 0.5, 0.425},    // 0.5 · 0.85
        {25, 100, 100, 0.8, 0.705}, // 0.75 · 0.94
    };
    for (const auto& [used, limit, largest, trend, load] : rows) {
        CandidateFacts facts[] = {idle(limit), idle(largest)};
        facts[0].used = used;
        facts[0].trend = trend;
        EXPECT_NEAR(score(facts, {})[0].load, load, kNear) << used << "/" << limit;
    }
}

TEST(Score, OfTheQueueIsByTheLongestAndByTheOwnLimit)
{
    const struct
    {
        unsigned waiting, limit, most;
        double queue;
    } rows[] = {
        {0, 10, 0, 1},
        {0, 10, 8, 1},
        {4, 10, 8, 0.54},   // 0.6 · 0.5 + 0.4 · 0.6
        {8, 10, 8, 0.08},   // 0.4 · 0.2
        {8, 100, 8, 0.368}, // 0.4 · 0.92
        {50, 10, 50, 0},
        {50, 10, 100, 0.3}, // more than its limit waits
    };
    for (const auto& [waiting, limit, most, queue] : rows) {
        CandidateFacts facts[] = {idle(limit), idle()};
        facts[0].waiting = waiting;
        facts[1].waiting = most;
        EXPECT_NEAR(score(facts, {})[0].queue, queue, kNear) << waiting << " of " << most;
    }
}

TEST(Score, OfTheFirstTokenIsBetweenTheSlowestAndTheQuickest)
{
    CandidateFacts facts[] = {idle(), idle(), idle(), idle()};
    facts[0].ttft_ms = 200;
    facts[1].ttft_ms = 1'000;
    facts[2].ttft_ms = 400;
    const auto scores = score(facts, {});
    EXPECT_NEAR(scores[0].ttft, 1, kNear);
    EXPECT_NEAR(scores[1].ttft, 0, kNear);
    EXPECT_NEAR(scores[2].ttft, 0.75, kNear);
    EXPECT_NEAR(scores[3].ttft, 0.5, kNear);
    for (CandidateFacts& one : facts)
        one.ttft_ms = 300;
    for (const Score& one : score(facts, {}))
        EXPECT_EQ(one.ttft, 1); // none is slower than another
}

TEST(Score, GoesDownToNothingOverTheLastTenPercentOfAQuota)
{
    const double rows[][2] = {
        {0, 1}, {90, 1}, {91, 0.9}, {95, 0.5}, {99.5, 0.05}, {100, 0}, {130, 0}};
    for (const auto& [used_percent, factor] : rows) {
        CandidateFacts facts[] = {idle()};
        facts[0].quota_used_percent = used_percent;
        const Score one = score(facts, {})[0];
        EXPECT_NEAR(one.quota, factor, kNear) << used_percent;
        EXPECT_NEAR(one.total, factor * 3.75, kNear) << used_percent;
    }
}

TEST(Score, WeighsItsParts)
{
    CandidateFacts facts[] = {idle(), idle()};
    facts[0] = {.priority = 2,
                .used = 5,
                .waiting = 4,
                .limit = 10,
                .trend = 0.5,
                .error_rate = 0.25,
                .ttft_ms = 600,
                .quota_used_percent = 95};
    facts[1].waiting = 8;
    facts[1].ttft_ms = 200;
    // priority 0, load 0.425, queue 0.54, errors 0.75, ttft 0; halved by its quota
    EXPECT_NEAR(score(facts, {})[0].total, 0.5 * (0.425 + 0.7 * 0.54 + 0.8 * 0.75), kNear);
    const config::Weights weights{.priority = 9, .load = 2, .queue = 0, .error_rate = 4, .ttft = 1};
    EXPECT_NEAR(score(facts, weights)[0].total, 0.5 * (0.85 + 3), kNear);
}

CandidateFacts random_facts(std::mt19937& random)
{
    const auto up_to = [&](unsigned most) { return static_cast<unsigned>(random() % (most + 1)); };
    CandidateFacts facts;
    facts.priority = static_cast<int>(up_to(10)) - 5;
    facts.limit = 1 + up_to(100);
    facts.used = up_to(120);
    facts.waiting = up_to(100);
    facts.trend = up_to(100) / 100.0;
    facts.error_rate = up_to(100) / 100.0;
    facts.quota_used_percent = up_to(110);
    if (up_to(3) > 0)
        facts.ttft_ms = up_to(5'000);
    return facts;
}

TEST(Score, HasAllItsPartsBetweenNothingAndOne)
{
    std::mt19937 random(1);
    for (int round = 0; round < 500; ++round) {
        std::vector<CandidateFacts> facts(1 + random() % 12);
        for (CandidateFacts& one : facts)
            one = random_facts(random);
        for (const Score& one : score(facts, {})) {
            for (const double part :
                 {one.priority, one.load, one.queue, one.errors, one.ttft, one.quota}) {
                EXPECT_GE(part, 0);
                EXPECT_LE(part, 1);
            }
            EXPECT_GE(one.total, 0);
            EXPECT_LE(one.total, 4);
        }
    }
}

// Whatever gets worse about one, its score does not rise.
TEST(Score, NeverRisesWhenAnInputGetsWorse)
{
    const std::pair<const char*, std::function<void(CandidateFacts&)>> worse[] = {
        {"priority", [](auto& one) { ++one.priority; }},
        {"used", [](auto& one) { ++one.used; }},
        {"waiting", [](auto& one) { ++one.waiting; }},
        {"trend", [](auto& one) { one.trend *= 0.9; }},
        {"errors", [](auto& one) { one.error_rate += (1 - one.error_rate) / 10; }},
        {"ttft", [](auto& one) { one.ttft_ms = one.ttft_ms ? *one.ttft_ms + 50 : one.ttft_ms; }},
        {"quota", [](auto& one) { one.quota_used_percent += 1; }},
    };
    std::mt19937 random(2);
    for (int round = 0; round < 300; ++round) {
        std::vector<CandidateFacts> facts(2 + random() % 6);
        for (CandidateFacts& one : facts)
            one = random_facts(random);
        const double before = score(facts, {})[0].total;
        for (const auto& [name, make_worse] : worse) {
            auto changed = facts;
            make_worse(changed[0]);
            EXPECT_LE(score(changed, {})[0].total, before + kNear) << name;
        }
    }
}

} // namespace
} // namespace turngate::accounts
