#include "turngate/accounts/health.hpp"
#include "turngate/accounts/quota_windows.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <thread>
#include <vector>

namespace turngate::accounts {
namespace {

using namespace std::chrono_literals;
using enum Outcome::Kind;

constexpr core::Deadline kStart{1'000h};
constexpr double kNear = 1e-5; // of floats

void in_threads(int threads, const std::function<void(int)>& body)
{
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i)
        running.emplace_back(body, i);
    for (auto& thread : running)
        thread.join();
}

TEST(ErrorRate, IsTheLargerOfAQuickAndASlowAverage)
{
    const struct
    {
        std::vector<Outcome::Kind> outcomes;
        double rate;
    } rows[] = {
        {{}, 0},
        {{success}, 0},
        {{fault}, 0.5},
        {{fault, fault}, 0.75},
        {{fault, success}, 0.25},
        {{fault, success, success, success}, 0.0729},       // slow: 0.1 · 0.9³
        {{fault, fault, fault, success, success}, 0.21951}, // slow: 0.271 · 0.9²; quick: 0.21875
        {{success, success, success, fault}, 0.5},
        {{neutral, neutral}, 0},
        {{fault, neutral}, 0.5},
    };
    for (const auto& [outcomes, rate] : rows) {
        ErrorRate errors;
        for (const Outcome::Kind outcome : outcomes)
            errors.count(outcome);
        EXPECT_NEAR(errors.value(), rate, kNear) << testing::PrintToString(outcomes.size());
    }
}

TEST(ErrorRate, CountsWhatSaysSomething)
{
    ErrorRate errors;
    for (const Outcome::Kind outcome : {fault, neutral, success, neutral, success})
        errors.count(outcome);
    EXPECT_EQ(errors.samples(), 3u);
}

TEST(ErrorRate, StaysBetweenNothingAndOneAndRisesWithEachFault)
{
    ErrorRate errors;
    double before = 0;
    for (int i = 0; i < 200; ++i) {
        errors.count(fault);
        EXPECT_GE(errors.value(), before);
        EXPECT_LE(errors.value(), 1);
        before = errors.value();
    }
    EXPECT_NEAR(before, 1, kNear);
    for (int i = 0; i < 200; ++i) {
        errors.count(success);
        EXPECT_LE(errors.value(), before);
        EXPECT_GE(errors.value(), 0);
        before = errors.value();
    }
    EXPECT_NEAR(before, 0, kNear);
}

TEST(ErrorRate, LosesNoOutcomeAmongThreads)
{
    ErrorRate errors;
    in_threads(4, [&](int) {
        for (int i = 0; i < 5'000; ++i)
            errors.count(fault);
    });
    EXPECT_EQ(errors.samples(), 20'000u);
    EXPECT_NEAR(errors.value(), 1, kNear);
}

TEST(FirstTokens, AreKnownByModelElseByAccount)
{
    FirstTokens tokens;
    EXPECT_EQ(tokens.average("a"), std::nullopt);
    tokens.add("a", 1'000ms);
    EXPECT_NEAR(*tokens.average("a"), 1'000, kNear);
    EXPECT_NEAR(*tokens.average("b"), 1'000, kNear);
    tokens.add("b", 500ms);
    EXPECT_NEAR(*tokens.average("a"), 1'000, kNear);
    EXPECT_NEAR(*tokens.average("b"), 500, kNear);
    EXPECT_NEAR(*tokens.average("c"), 900, 1e-3); // 1000 + 0.2 · (500 − 1000)
    EXPECT_NEAR(*tokens.average(""), 900, 1e-3);
    tokens.add("b", 1'000ms);
    EXPECT_NEAR(*tokens.average("b"), 600, 1e-3);
}

TEST(FirstTokens, CanBeInNoTimeAtAll)
{
    FirstTokens tokens;
    tokens.add("a", 0ms);
    EXPECT_EQ(tokens.average("a"), 0);
    tokens.add("", -5ms);
    EXPECT_EQ(tokens.average(""), 0);
}

TEST(FirstTokens, ForgetAModelWhenThereAreTooMany)
{
    FirstTokens tokens;
    for (int i = 0; i < 1'000; ++i) {
        const auto model = "model-" + std::to_string(i);
        tokens.add(model, std::chrono::milliseconds(i));
        EXPECT_NEAR(*tokens.average(model), i, kNear) << i;
    }
    tokens.add("", 1h); // what is told of those that are forgotten
    std::size_t known = 0;
    for (int i = 0; i < 1'000; ++i)
        known += *tokens.average("model-" + std::to_string(i)) == i ? 1 : 0;
    EXPECT_LE(known, FirstTokens::kModels);
    EXPECT_GE(known, 1u);
}

TEST(FirstTokens, StayWithinWhatWasMeasuredAmongThreads)
{
    FirstTokens tokens;
    in_threads(4, [&](int thread) {
        const auto model = "model-" + std::to_string(thread);
        for (int i = 0; i < 5'000; ++i)
            tokens.add(model, std::chrono::milliseconds(100 * (thread + 1)));
    });
    EXPECT_GE(*tokens.average(""), 100);
    EXPECT_LE(*tokens.average(""), 400);
}

TEST(LoadTrend, FallsWithTheSlopeOfTheLoad)
{
    const struct
    {
        double per_second;
        double trend;
    } rows[] = {{0, 1}, {-0.05, 1}, {0.01, 0.8}, {0.025, 0.5}, {0.04, 0.2}, {0.05, 0}, {0.09, 0}};
    for (const auto& [per_second, expected] : rows) {
        LoadTrend trend;
        EXPECT_EQ(trend.value(), 1);
        for (int i = 0; i < 10; ++i)
            trend.sample(0.5 + per_second * i, kStart + i * 1s);
        EXPECT_NEAR(trend.value(), expected, 1e-4) << per_second;
    }
}

TEST(LoadTrend, TakesOneSampleASecond)
{
    LoadTrend trend;
    trend.sample(0.1, kStart);
    trend.sample(0.9, kStart + 999ms);
    EXPECT_EQ(trend.value(), 1);
    trend.sample(0.11, kStart + 1s);
    EXPECT_NEAR(trend.value(), 0.8, 1e-4);
}

TEST(LoadTrend, ForgetsWhatIsTenSecondsOldAndMindsGaps)
{
    LoadTrend trend;
    trend.sample(0.0, kStart);
    trend.sample(0.1, kStart + 4s); // 2.5 % a second
    EXPECT_NEAR(trend.value(), 0.5, 1e-4);
    trend.sample(0.1, kStart + 10s); // the first is out
    EXPECT_NEAR(trend.value(), 1, 1e-4);
    trend.sample(0.9, kStart + 60s); // nothing to compare with
    EXPECT_NEAR(trend.value(), 1, 1e-4);
}

// Hand-calculated by least squares: 0, 0, 0.1, 0.1 → slope 0.04.
TEST(LoadTrend, DrawsALineThroughUnevenSamples)
{
    LoadTrend trend;
    const double loads[] = {0, 0, 0.1, 0.1};
    for (int i = 0; i < 4; ++i)
        trend.sample(loads[i], kStart + i * 1s);
    EXPECT_NEAR(trend.value(), 0.2, 1e-4);
}

TEST(QuotaWindows, TellHowFullTheFullestIs)
{
    QuotaWindows quota;
    EXPECT_EQ(quota.used_percent(kStart), 0);
    EXPECT_TRUE(quota.report("primary", 95, kStart + 60s));
    EXPECT_TRUE(quota.report("secondary", 40, kStart + 24h));
    EXPECT_EQ(quota.used_percent(kStart), 95);
    EXPECT_EQ(quota.used_percent(kStart + 60s), 40); // the first has begun anew
    EXPECT_EQ(quota.used_percent(kStart + 25h), 0);
    EXPECT_TRUE(quota.report("primary", 5, kStart + 120s));
    EXPECT_EQ(quota.used_percent(kStart), 40);
}

TEST(QuotaWindows, AreListedWhileTheySaySomething)
{
    QuotaWindows quota;
    quota.report("primary", 12.5, kStart + 60s);
    quota.report("secondary", 40, kStart + 30s);
    auto all = quota.all(kStart);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].name, "primary");
    EXPECT_EQ(all[0].used_percent, 12.5);
    EXPECT_EQ(all[0].resets_at, kStart + 60s);
    EXPECT_EQ(quota.all(kStart + 30s).size(), 1u);
}

TEST(QuotaWindows, TakeNeitherNonsenseNorWithoutBound)
{
    QuotaWindows quota;
    EXPECT_FALSE(quota.report("nan", std::numeric_limits<double>::quiet_NaN(), kStart + 1h));
    EXPECT_FALSE(quota.report(std::string(65, 'x'), 50, kStart + 1h));
    EXPECT_TRUE(quota.report("over", 250, kStart + 1h));
    EXPECT_EQ(quota.used_percent(kStart), 100);
    EXPECT_TRUE(quota.report("over", -5, kStart + 1h));
    EXPECT_EQ(quota.used_percent(kStart), 0);
    for (std::size_t i = 1; i < QuotaWindows::kWindows; ++i)
        EXPECT_TRUE(quota.report("window-" + std::to_string(i), 1, kStart + 1h)) << i;
    EXPECT_FALSE(quota.report("one too many", 99, kStart + 1h));
    EXPECT_TRUE(quota.report("over", 50, kStart + 1h)); // the known ones go on
    EXPECT_EQ(quota.used_percent(kStart), 50);
}

TEST(QuotaWindows, HaveEachNameOnceAmongThreads)
{
    QuotaWindows quota;
    in_threads(4, [&](int) {
        for (const char* name : {"a", "b", "c"})
            quota.report(name, 50, kStart + 1h);
    });
    EXPECT_EQ(quota.all(kStart).size(), 3u);
}

} // namespace
} // namespace turngate::accounts
