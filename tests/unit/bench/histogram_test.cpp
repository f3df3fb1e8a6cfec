#include "histogram.hpp"

#include <gtest/gtest.h>

namespace turngate::bench {
namespace {

using std::chrono::nanoseconds;

TEST(Histogram, IsExactForSmallValuesAndWithinTwoPercentForLargeOnes)
{
    for (const std::int64_t value : {std::int64_t{0},
                                     std::int64_t{1},
                                     std::int64_t{63},
                                     std::int64_t{64},
                                     std::int64_t{1'000},
                                     std::int64_t{123'456'789},
                                     INT64_MAX}) {
        Histogram histogram;
        histogram.record(nanoseconds(value));
        const auto found = static_cast<double>(histogram.percentile(0.5).count());
        EXPECT_NEAR(found, static_cast<double>(value), static_cast<double>(value) * 0.02) << value;
    }
}

TEST(Histogram, FindsPercentiles)
{
    Histogram histogram;
    for (int i = 1; i <= 1'000; ++i)
        histogram.record(nanoseconds(i * 1'000));
    EXPECT_NEAR(static_cast<double>(histogram.percentile(0.5).count()), 500e3, 10e3);
    EXPECT_NEAR(static_cast<double>(histogram.percentile(0.99).count()), 990e3, 20e3);
    EXPECT_NEAR(static_cast<double>(histogram.percentile(1).count()), 1'000e3, 20e3);
    EXPECT_NEAR(static_cast<double>(histogram.percentile(0).count()), 1e3, 20);
}

TEST(Histogram, MergesAndCountsNegativeAsZero)
{
    Histogram one;
    Histogram other;
    EXPECT_EQ(one.percentile(0.5), nanoseconds(0));
    one.record(nanoseconds(-5));
    other.record(nanoseconds(50));
    other.record(nanoseconds(60));
    one.merge(other);
    EXPECT_EQ(one.count(), 3u);
    EXPECT_EQ(one.percentile(0), nanoseconds(0));
    EXPECT_EQ(one.percentile(0.5), nanoseconds(50));
}

} // namespace
} // namespace turngate::bench
