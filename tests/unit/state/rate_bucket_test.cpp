#include "rate_bucket.hpp"

#include "memory_rates.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace turngate::state {
namespace {

constexpr std::int64_t kMinute = 60'000;

TEST(RateBucket, FillsEvenlyAndToTheMillisecond)
{
    constexpr RateLimits kLimits{.rpm = 60};
    RateBucket bucket(kLimits, 0);
    for (int i = 0; i < 60; ++i)
        EXPECT_EQ(bucket.take(kLimits, 0, 0), 0);
    EXPECT_EQ(bucket.take(kLimits, 0, 0), 1'000);
    EXPECT_EQ(bucket.take(kLimits, 0, 400), 600);
    EXPECT_EQ(bucket.take(kLimits, 0, 999), 1);
    EXPECT_EQ(bucket.take(kLimits, 0, 1'000), 0);
    EXPECT_EQ(bucket.take(kLimits, 0, 1'000), 1'000);
}

TEST(RateBucket, TellsTheLongerOfTwoWaits)
{
    constexpr RateLimits kLimits{.rpm = 1, .tpm = 100};
    RateBucket bucket(kLimits, 0);
    EXPECT_EQ(bucket.take(kLimits, 100, 0), 0);
    EXPECT_EQ(bucket.take(kLimits, 1, 0), kMinute);
    EXPECT_EQ(bucket.take(kLimits, 100, kMinute), 0);
}

TEST(RateBucket, OwesAtMostAnHour)
{
    constexpr RateLimits kLimits{.tpm = 100};
    RateBucket bucket(kLimits, 0);
    bucket.settle(kLimits, 1'000'000, 0);
    EXPECT_EQ(bucket.take(kLimits, 100, 0), 61 * kMinute);
    EXPECT_EQ(bucket.take(kLimits, 100, 61 * kMinute), 0);
}

TEST(RateBucket, IsFullAfterAMinuteOfRest)
{
    constexpr RateLimits kLimits{.rpm = 7, .tpm = 1'000};
    RateBucket bucket(kLimits, 0);
    EXPECT_TRUE(bucket.is_full(kLimits, 0));
    bucket.take(kLimits, 1'000, 0);
    EXPECT_FALSE(bucket.is_full(kLimits, kMinute - 1));
    EXPECT_TRUE(bucket.is_full(kLimits, kMinute));
}

TEST(RateBucket, IsNotEmptiedByAClockThatGoesBack)
{
    constexpr RateLimits kLimits{.rpm = 2};
    RateBucket bucket(kLimits, kMinute);
    EXPECT_EQ(bucket.take(kLimits, 0, 0), 0);
    EXPECT_EQ(bucket.take(kLimits, 0, 0), 0);
    EXPECT_EQ(bucket.take(kLimits, 0, 0), 30'000);
}

TEST(RateBucket, HoldsTheLargestNumbers)
{
    using Numbers = std::numeric_limits<std::int64_t>;
    constexpr RateLimits kLimits{.rpm = ~0u, .tpm = ~0ull};
    RateBucket bucket(kLimits, 0);
    for (int i = 0; i < 1'000; ++i)
        bucket.settle(kLimits, Numbers::max(), 0);
    EXPECT_GT(bucket.take(kLimits, Numbers::max(), 0), 0);
    bucket.settle(kLimits, Numbers::min(), Numbers::max());
    EXPECT_EQ(bucket.take(kLimits, Numbers::min(), Numbers::max()), 0);
}

TEST(MemoryRates, ForgetBucketsThatAreFullAgain)
{
    MemoryRates rates;
    constexpr RateLimits kFast{.rpm = 1'000'000'000}; // full again at once
    for (int i = 0; i < 10'000; ++i)
        rates.take_now(std::to_string(i), kFast, 0);
    EXPECT_LE(rates.buckets(), 2'000u);
}

} // namespace
} // namespace turngate::state
