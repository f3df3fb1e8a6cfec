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

// Of a budget that has this limit and was spent so far.
Verdict ask(Claims claims, NanoUsd spent, NanoUsd limit, NanoUsd amount)
{
    return claims.ask({"user/alice", limit, "new", amount, {}}, spent, 0, kNow);
}

bool has_room(const Claims& claims, NanoUsd spent, NanoUsd limit, NanoUsd amount)
{
    const Verdict verdict = ask(claims, spent, limit, amount);
    return verdict.word == Verdict::Word::held && verdict.amount == amount;
}

TEST(Claims, HaveRoomForWhatFitsToTheLastNanoDollar)
{
    Claims claims;
    claims.hold("a", {30}, 0);
    EXPECT_TRUE(has_room(claims, {20}, {100}, {50}));
    EXPECT_FALSE(has_room(claims, {20}, {100}, {51}));
    EXPECT_FALSE(has_room(claims, {21}, {100}, {50}));
}

TEST(Claims, SayWhyThereIsNoRoom)
{
    using enum Verdict::Word;
    const struct
    {
        std::int64_t held, charged, spent, limit, amount;
        Verdict::Word word;
        std::int64_t holds;
    } rows[] = {
        {0, 0, 0, 100, 100, held, 100},
        {0, 0, 0, 100, 101, held, 100}, // alone, on all that is left
        {0, 30, 20, 100, 101, held, 50},
        {0, 30, 70, 100, 1, spent, 0},
        {0, 30, 71, 100, 0, spent, 0},
        {0, 30, 70, 100, 0, held, 0},
        {1, 0, 0, 100, 100, busy, 0},
        {1, 0, 0, 100, 99, held, 99},
        {100, 0, 0, 100, 1, busy, 0},
        {100, 0, 0, 100, 0, held, 0},
        {60, 30, 70, 100, 1, spent, 0}, // whoever holds: nothing will be left
        {60, 30, 69, 100, 1, busy, 0},
        {0, 0, kMost, kMost, kMost, spent, 0},
        {0, 0, 0, kMost, kMost, held, kMost},
    };
    for (const auto& row : rows) {
        Claims claims;
        claims.settle("old", {{"r", {row.charged}}}, kNow + 1h);
        if (row.held > 0)
            claims.hold("a", {row.held}, 0);
        const Verdict verdict = ask(claims, {row.spent}, {row.limit}, {row.amount});
        const std::string what = std::to_string(&row - rows);
        EXPECT_EQ(verdict.word, row.word) << what;
        EXPECT_EQ(verdict.amount.value, row.holds) << what;
    }
}

TEST(Claims, KeepRoomForSoLongAsAnAskerMayTakeToComeAgain)
{
    Claims claims;
    claims.hold("a", {60}, 0);
    const HoldRequest large{"user/alice", {100}, "large", {41}, "large"};
    const HoldRequest small{"user/alice", {100}, "small", {40}, "small"};
    EXPECT_EQ(claims.ask(large, {}, 0, kNow).word, Verdict::Word::busy);
    EXPECT_EQ(claims.ask(small, {}, 0, kNow + kKeptFree - 1s).word, Verdict::Word::busy);
    claims.settle("a", {}, kNow);
    EXPECT_FALSE(claims.is_empty());
    claims.forget(kNow + kKeptFree);
    EXPECT_TRUE(claims.is_empty());
    EXPECT_EQ(claims.ask(small, {}, 0, kNow).word, Verdict::Word::held);
}

TEST(Claims, MayBeLargerThanAnyNumber)
{
    Claims claims;
    for (const char* id : {"a", "b", "c"})
        claims.hold(id, {kMost}, 0);
    EXPECT_EQ(claims.sum(), NanoUsd{kMost});
    EXPECT_FALSE(has_room(claims, {kMost}, {kMost}, {kMost}));
    claims.settle("a", {}, kNow);
    claims.settle("b", {{"r", {1}}}, kNow);
    claims.settle("c", {}, kNow);
    EXPECT_EQ(claims.sum(), NanoUsd{1}); // what was above was not forgotten
    EXPECT_TRUE(has_room(claims, {-10}, {-9}, {0}));
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
    claims.forget(kNow + 59min);
    EXPECT_EQ(claims.sum(), NanoUsd{13});
    claims.forget(kNow + 1h);
    EXPECT_EQ(claims.sum(), NanoUsd{6});
    claims.forget(kNow + 2h);
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

bool hold_now(MemoryBudgets& budgets, std::string id, std::int64_t amount)
{
    const Verdict verdict = budgets.hold_now({"user/alice", {10}, std::move(id), {amount}, {}});
    return verdict.word == Verdict::Word::held && verdict.amount.value == amount;
}

TEST(MemoryBudgets, SayWhatIsNewToOthers)
{
    const auto budgets = std::make_shared<MemoryBudgets>();
    EXPECT_FALSE(budgets->report_now("user/alice", {1, {3}}, {})); // nobody has anything of hers
    EXPECT_TRUE(budgets->report_now("user/alice", {1, {3}}, {"unknown"}));
    ASSERT_TRUE(hold_now(*budgets, "a", 1));
    EXPECT_FALSE(budgets->report_now("user/alice", {1, {3}}, {}));
    EXPECT_FALSE(budgets->report_now("user/alice", {0, {2}}, {}));
    EXPECT_TRUE(budgets->report_now("user/alice", {1, {4}}, {}));
    EXPECT_TRUE(budgets->report_now("user/alice", {2, {4}}, {}));
}

TEST(MemoryBudgets, KeepOnlyWhatIsOpen)
{
    const auto budgets = std::make_shared<MemoryBudgets>();
    budgets->report("user/alice", {0, {10}}, {});
    EXPECT_FALSE(hold_now(*budgets, "a", 1));
    EXPECT_TRUE(budgets->open().empty());
    budgets->report("user/alice", {0, {0}}, {});
    EXPECT_TRUE(hold_now(*budgets, "a", 10));
    budgets->settle("user/alice", "a", {{"r", {3}}});
    EXPECT_EQ(budgets->open(), std::vector<std::string>{"user/alice"});
    budgets->report("user/alice", {1, {3}}, {"r"});
    EXPECT_TRUE(budgets->open().empty());
    EXPECT_FALSE(hold_now(*budgets, "b", 8));
}

TEST(MemoryBudgets, ForgetChargesThatNobodyReports)
{
    const auto budgets = std::make_shared<MemoryBudgets>(0ms);
    budgets->settle("user/alice", "a", {{"r", {3}}});
    EXPECT_TRUE(hold_now(*budgets, "b", 10));
}

} // namespace
} // namespace turngate::state
