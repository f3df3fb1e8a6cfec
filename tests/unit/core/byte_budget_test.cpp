#include "turngate/core/byte_budget.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace turngate::core {
namespace {

using Share = ByteBudget::Share;

TEST(ByteBudget, IsSharedByAllWhoHoldOfIt)
{
    ByteBudget budget(100);
    Share one(budget), two(budget);
    EXPECT_TRUE(one.resize(60));
    EXPECT_FALSE(two.resize(41));
    EXPECT_EQ(two.bytes(), 0u);
    EXPECT_TRUE(two.resize(40));
    EXPECT_FALSE(one.resize(61));
    EXPECT_EQ(one.bytes(), 60u);
    EXPECT_TRUE(one.resize(10)); // less is always fine
    EXPECT_TRUE(two.resize(90));
    EXPECT_EQ(budget.held(), 100u);
}

TEST(ByteBudget, HasBackWhatEndsOrMoves)
{
    ByteBudget budget(100);
    {
        Share one(budget);
        ASSERT_TRUE(one.resize(70));
        Share moved(std::move(one));
        EXPECT_EQ(budget.held(), 70u);
        Share assigned(budget);
        ASSERT_TRUE(assigned.resize(30));
        assigned = std::move(moved);
        EXPECT_EQ(assigned.bytes(), 70u);
        EXPECT_EQ(budget.held(), 100u); // the other's, until it ends
    }
    EXPECT_EQ(budget.held(), 0u);
}

TEST(ByteBudget, CanBeChangedWhileItIsHeld)
{
    ByteBudget budget(100);
    Share one(budget);
    ASSERT_TRUE(one.resize(80));
    budget.set_most(50);
    EXPECT_FALSE(one.resize(81));
    EXPECT_TRUE(one.resize(70));
    budget.set_most(200);
    EXPECT_TRUE(one.resize(200));
}

TEST(ByteBudget, HasNothingForAShareOfNothing)
{
    Share nothing;
    EXPECT_TRUE(nothing.resize(0));
    EXPECT_FALSE(nothing.resize(1));
}

TEST(ByteBudget, CountsRightlyFromAllThreads)
{
    ByteBudget budget(1'000);
    const auto work = [&] {
        Share share(budget);
        for (std::uint64_t i = 0; i < 20'000; ++i) {
            share.resize(i % 600);
            EXPECT_LE(share.bytes(), 1'000u);
        }
    };
    std::thread other(work);
    work();
    other.join();
    EXPECT_EQ(budget.held(), 0u);
}

} // namespace
} // namespace turngate::core
