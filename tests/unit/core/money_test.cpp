#include "turngate/core/money.hpp"

#include <gtest/gtest.h>

namespace turngate::core {
namespace {

constexpr NanoUsd kMost{std::numeric_limits<std::int64_t>::max()};
constexpr NanoUsd kLeast{std::numeric_limits<std::int64_t>::min()};

TEST(Money, AddsAndTakesAway)
{
    EXPECT_EQ(NanoUsd{3} + NanoUsd{-5}, NanoUsd{-2});
    EXPECT_EQ(NanoUsd{3} - NanoUsd{-5}, NanoUsd{8});
    NanoUsd sum{1};
    EXPECT_EQ(sum += NanoUsd{2}, NanoUsd{3});
}

TEST(Money, SaturatesInsteadOfTurningItsSign)
{
    EXPECT_EQ(kMost + NanoUsd{1}, kMost);
    EXPECT_EQ(kLeast + NanoUsd{-1}, kLeast);
    EXPECT_EQ(kMost - NanoUsd{-1}, kMost);
    EXPECT_EQ(kLeast - NanoUsd{1}, kLeast);
    EXPECT_EQ(NanoUsd{0} - kLeast, kMost);
    EXPECT_EQ(NanoUsd{-1} - kMost, kLeast);
    NanoUsd sum = kMost;
    EXPECT_EQ(sum += kMost, kMost);
}

} // namespace
} // namespace turngate::core
