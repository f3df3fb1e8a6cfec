#include "claims.hpp"

#include "memory_budgets.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace turngate::state {
namespace {

using namespace std::chrono_literals;
using core::NanoUsd;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr core::Deadline kNow{};

TEST(Claims, AreTheSumOfHoldsAndCharges)
{
    Claims claims;
    claims.hold("a", {30}, 0);
    claims.hold("b", {20}, 1);
    EXPECT_EQ(claims.sum(), NanoUsd{50});
    const Claims::Settled settled = claims.settle("b", {{"r1", {7}}, {"r2", {5}}}, kNow + 1h);
    EXPECT_EQ(settled.loop, 1u);
    EXPECT_EQ(settled.charges.size(), 2u);
    EXPECT_EQ(claims.sum(), NanoUsd{42});
    claims.report({"r1", "unknown"});
    EXPECT_EQ(claims.sum(), NanoUsd{35});
    claims.settle("a", {}, kNow + 1h);
    claims.report({"r2"});
    EXPECT_EQ(claims.sum(), NanoUsd{0});
    EXPECT_TRUE(claims.is_empty());
}

TEST(Claims, HaveRoomForWhatFitsToTheLastNanoDollar)
{
    Claims claims;
    claims.hold("a", {30}, 0);
    EXPECT_TRUE(claims.has_room({20}, {100}, {50}));
    EXPECT_FALSE(claims.has_room({20}, {100}, {51}));
    EXPECT_FALSE(claims.has_room({21}, {100}, {50}));
}

TEST(Claims, MayBeLargerThanAnyNumber)
{
    Claims claims;
    for (const char* id : {"a", "b", "c"})
        claims.hold(id, {kMost}, 0);
    EXPECT_EQ(claims.sum(), NanoUsd{kMost});
    EXPECT_FALSE(claims.has_room({kMost}, {kMost}, {kMost}));
    claims.settle("a", {}, kNow);
    claims.settle("b", {{"r", {1}}}, kNow);
    claims.settle("c", {}, kNow);
    EXPECT_EQ(claims.sum(), NanoUsd{1}); // what was above was not forgotten
    EXPECT_TRUE(claims.has_room({-10}, {-9}, {0}));
}

TEST(Claims, OfOneIdAreOne)
{
    Claims claims;
    claims.hold("a", {30}, 0);
    claims.hold("a", {40}, 0);
    claims.settle("x", {{"r", {2}}}, kNow);
    claims.settle("y", {{"r", {3}}}, kNow);
    EXPECT_EQ(claims.sum(), NanoUsd{43});
}

// The bill was quicker than the turn's end.
TEST(Claims, LeaveOutAChargeThatWasReportedWhileItsTurnRan)
{
    Claims claims;
    claims.hold("a", {30}, 0);
    claims.report({"r1"});
    claims.hold("b", {30}, 0);
    const Claims::Settled settled = claims.settle("a", {{"r1", {7}}, {"r2", {5}}}, kNow + 1h);
    ASSERT_EQ(settled.charges.size(), 1u);
    EXPECT_EQ(settled.charges[0].uid, "r2");
    EXPECT_EQ(claims.sum(), NanoUsd{35});
}

TEST(Claims, EndAfterTheirLife)
{
    Claims claims;
    claims.settle("a", {{"r1", {7}}}, kNow + 1h);
    claims.settle("b", {{"r2", {5}}}, kNow + 2h);
    claims.hold("c", {1}, 0);
    claims.forget_charges(kNow + 59min);
    EXPECT_EQ(claims.sum(), NanoUsd{13});
    claims.forget_charges(kNow + 1h);
    EXPECT_EQ(claims.sum(), NanoUsd{6});
    claims.forget_charges(kNow + 2h);
    EXPECT_EQ(claims.sum(), NanoUsd{1}); // a hold has no end of its own
}

TEST(Claims, AreTurnedOverByThePageHoldsFirst)
{
    Claims claims;
    claims.hold("a", {1}, 7);
    claims.settle("a", {{"r1", {2}}, {"r2", {3}}}, kNow + 1h);
    claims.hold("b", {4}, 7);
    claims.hold("c", {5}, 8);
    std::vector<std::string> names;
    for (auto page = claims.page(7, "", 2); !page.empty(); page = claims.page(7, names.back(), 2))
        for (const Claim& each : page)
            names.push_back(each.name);
    EXPECT_EQ(names, (std::vector<std::string>{"hold:b", "uid:r1", "uid:r2"}));
}

TEST(MemoryBudgets, SayWhatIsNewToOthers)
{
    const auto budgets = std::make_shared<MemoryBudgets>();
    EXPECT_FALSE(budgets->report_now("user/alice", {1, {3}}, {})); // nobody has anything of hers
    EXPECT_TRUE(budgets->report_now("user/alice", {1, {3}}, {"unknown"}));
    ASSERT_TRUE(budgets->hold_now("user/alice", {10}, "a", {1}));
    EXPECT_FALSE(budgets->report_now("user/alice", {1, {3}}, {}));
    EXPECT_FALSE(budgets->report_now("user/alice", {0, {2}}, {}));
    EXPECT_TRUE(budgets->report_now("user/alice", {1, {4}}, {}));
    EXPECT_TRUE(budgets->report_now("user/alice", {2, {4}}, {}));
}

TEST(MemoryBudgets, KeepOnlyWhatIsOpen)
{
    const auto budgets = std::make_shared<MemoryBudgets>();
    EXPECT_FALSE(budgets->hold_now("user/alice", {10}, "a", {11}));
    EXPECT_TRUE(budgets->open().empty());
    EXPECT_TRUE(budgets->hold_now("user/alice", {10}, "a", {10}));
    budgets->settle("user/alice", "a", {{"r", {3}}});
    EXPECT_EQ(budgets->open(), std::vector<std::string>{"user/alice"});
    budgets->report("user/alice", {1, {3}}, {"r"});
    EXPECT_TRUE(budgets->open().empty());
    EXPECT_FALSE(budgets->hold_now("user/alice", {10}, "b", {8}));
}

TEST(MemoryBudgets, ForgetChargesThatNobodyReports)
{
    const auto budgets = std::make_shared<MemoryBudgets>(0ms);
    budgets->settle("user/alice", "a", {{"r", {3}}});
    EXPECT_TRUE(budgets->hold_now("user/alice", {10}, "b", {10}));
}

} // namespace
} // namespace turngate::state
