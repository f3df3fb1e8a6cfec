#include "turngate/conversation/chain.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

// Budgets, and what is forgotten to stay within them.
namespace turngate::conversation {
namespace {

constexpr std::uint64_t kPlenty = 1ull << 30;

std::string id_of(int n)
{
    return "r" + std::to_string(n);
}

// Turns first … first + count - 1, each going on from the one before; from nothing if first is 0.
void add_line(ChainUnderTest& t, int first, int count, std::size_t text_bytes = 1'000)
{
    const std::string input = array(user(std::string(text_bytes, 'x')));
    for (int n = first; n < first + count; ++n)
        t.add(id_of(n), n == 0 ? "" : id_of(n - 1), input, {said("answer")});
}

TEST(ChainBudget, GivesNoMoreThanItHas)
{
    ChainBudget budget(10);
    EXPECT_TRUE(budget.take(10));
    EXPECT_TRUE(budget.take(0));
    EXPECT_FALSE(budget.take(1));
    budget.give_back(4);
    EXPECT_FALSE(budget.take(5));
    EXPECT_FALSE(budget.take(~0ull));
    EXPECT_EQ(budget.left(), 4u);
    EXPECT_EQ(budget.used(), 6u);
}

TEST(ChainBudget, CountsForManyThreads)
{
    ChainBudget budget(3);
    const auto churn = [&] {
        for (int i = 0; i < 10'000; ++i)
            if (budget.take(2))
                budget.give_back(2);
    };
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back(churn);
    threads.clear();
    EXPECT_EQ(budget.used(), 0u);
}

TEST(ChainMemory, KeepsWhatWasSaidJustNowBesideManyEndsOfBranches)
{
    ChainUnderTest t;
    for (std::size_t i = 0; i < Chain::kMostIds; ++i)
        t.add("end" + std::to_string(i), "", array(user("a")));
    t.add("r0", "", array(user("b")));
    t.add("r1", "r0", array(user("c"))); // a fork, and another is to follow
    t.add("r2", "", array(user("d")));
    EXPECT_TRUE(t.chain.knows("r0"));
    EXPECT_TRUE(t.chain.knows("r1"));
    EXPECT_FALSE(t.chain.knows("end0"));
}

TEST(ChainMemory, CountsEveryTurnTheSameHoweverLongTheConversation)
{
    ChainUnderTest t(kPlenty);
    add_line(t, 0, 100);
    const std::uint64_t before = t.chain.bytes();
    add_line(t, 100, 100);
    const std::uint64_t first = t.chain.bytes() - before;
    add_line(t, 200, 700);
    EXPECT_EQ(t.chain.bytes() - before, 8 * first);
    EXPECT_EQ(t.budget.used(), t.chain.bytes());
}

TEST(ChainMemory, GivesEverythingBackAtTheEnd)
{
    ChainBudget budget(kPlenty);
    Seals seals;
    protocol::ItemReader reader;
    {
        Chain chain(budget, seals, reader, kPlenty);
        const std::string input = array(user("1"));
        chain.add({"r1", "", input, {}, "a"});
        chain.add({"r2", "r1", input, {}, "a"});
        chain.add({"r3", "unknown", input, {}, "a"});
        EXPECT_GT(budget.used(), 0u);
    }
    EXPECT_EQ(budget.used(), 0u);
}

TEST(ChainMemory, EndsALineThatOutgrowsItsBudgetAndFreesIt)
{
    ChainUnderTest t(100'000);
    add_line(t, 0, 40);
    EXPECT_TRUE(t.chain.is_complete("r39", "a"));
    add_line(t, 40, 60);
    EXPECT_FALSE(t.chain.is_complete("r99", "a"));
    EXPECT_FALSE(t.chain.knows("r39")); // nothing can go on from there
    EXPECT_TRUE(t.chain.knows("r99"));
    EXPECT_LT(t.chain.bytes(), 50'000u);
}

TEST(ChainMemory, StaysFlatOverAThousandTurns)
{
    ChainUnderTest t(50'000);
    add_line(t, 0, 400);
    const std::uint64_t before = t.chain.bytes();
    for (int n = 400; n < 1'000; n += 100) {
        add_line(t, n, 100);
        EXPECT_EQ(t.chain.bytes(), before);
    }
    EXPECT_LE(before, 50'000u);
}

TEST(ChainMemory, BeginsAnewWhenTheClientSendsEverythingAgain)
{
    ChainUnderTest t(100'000);
    add_line(t, 0, 200);
    const std::string history = array(user(std::string(60'000, 'h')));
    t.add("again", "", history, {said("one")});
    EXPECT_TRUE(t.chain.is_complete("again", "a"));
    t.add("next", "again", array(user("2")), {said("two")});
    EXPECT_TRUE(t.chain.is_complete("next", "a"));
    const std::string longer = array(user(std::string(70'000, 'h')));
    t.add("anew", "", longer); // the other beginning makes room
    EXPECT_EQ(t.rebuild("anew"), longer);
    EXPECT_FALSE(t.chain.is_complete("next", "a"));
}

TEST(ChainMemory, ForgetsTheOldestBranchForANewOne)
{
    ChainUnderTest t(30'000);
    const std::string big = array(user(std::string(8'000, 'x')));
    for (const std::string_view id : {"b1", "b2", "b3", "b4"})
        t.add(id, "", big);
    EXPECT_FALSE(t.chain.knows("b1"));
    for (const std::string_view id : {"b2", "b3", "b4"})
        EXPECT_TRUE(t.chain.is_complete(id, "a")) << id;
    t.add("b2+", "b2", big);
    EXPECT_TRUE(t.chain.is_complete("b2+", "a"));
    EXPECT_FALSE(t.chain.knows("b3"));
    EXPECT_TRUE(t.chain.knows("b4"));
}

TEST(ChainMemory, ForgetsNothingForWhatCannotFit)
{
    ChainUnderTest t(30'000);
    const std::string big = array(user(std::string(8'000, 'x')));
    t.add("b1", "", big);
    t.add("b2", "", big);
    t.add("huge", "", array(user(std::string(40'000, 'x'))), {call("c1")});
    EXPECT_TRUE(t.chain.is_complete("b1", "a") && t.chain.is_complete("b2", "a"));
    EXPECT_FALSE(t.chain.is_complete("huge", "a"));
    EXPECT_EQ(t.chain.pending_calls("huge"), std::vector<std::string>{"c1"});
}

TEST(ChainMemory, EndsABranchWithoutTheOthers)
{
    ChainUnderTest t(60'000);
    const std::string big = array(user(std::string(15'000, 'x')));
    t.add("root", "", big);
    t.add("left", "root", big);
    t.add("right", "root", big);
    t.add("left+", "left", array(user(std::string(40'000, 'x'))));
    EXPECT_FALSE(t.chain.is_complete("left+", "a"));
    EXPECT_FALSE(t.chain.knows("left"));
    EXPECT_TRUE(t.chain.is_complete("right", "a"));
    EXPECT_TRUE(t.chain.is_complete("root", "a"));
}

TEST(ChainMemory, FreesASharedBeginningWithItsLastBranch)
{
    ChainUnderTest t(40'000);
    t.add("root", "", array(user(std::string(15'000, 'x'))));
    t.add("left", "root", array(user("l")));
    t.add("right", "root", array(user("r")));
    t.add("new", "", array(user(std::string(35'000, 'x'))));
    EXPECT_TRUE(t.chain.is_complete("new", "a"));
    for (const std::string_view id : {"root", "left", "right"})
        EXPECT_FALSE(t.chain.knows(id)) << id;
}

TEST(ChainMemory, KeepsWithinTheBudgetOfTheProcess)
{
    ChainUnderTest t(kPlenty, 30'000);
    ASSERT_TRUE(t.budget.take(20'000)); // other sessions
    const std::string big = array(user(std::string(12'000, 'x')));
    t.add("r1", "", big);
    EXPECT_FALSE(t.chain.is_complete("r1", "a"));
    EXPECT_TRUE(t.chain.knows("r1"));
    t.budget.give_back(20'000);
    t.add("r2", "", big);
    EXPECT_TRUE(t.chain.is_complete("r2", "a"));
    EXPECT_EQ(t.budget.used(), t.chain.bytes());
}

TEST(ChainMemory, RemembersNothingWithoutAnyBudget)
{
    ChainUnderTest t(0, 0);
    t.add("r1", "", array(user("1")), {call("c1")});
    EXPECT_FALSE(t.chain.knows("r1"));
    EXPECT_EQ(t.chain.bytes(), 0u);
}

TEST(ChainMemory, ForgetsAResponseWhoseIdIsUsedAgainAlsoWithoutRoomForTheNewOne)
{
    ChainUnderTest t(2'000);
    t.add("r1", "", array(user("1")));
    t.add("r1", "unknown", "[]", {call(std::string(3'000, 'c'))});
    EXPECT_FALSE(t.chain.knows("r1"));
    EXPECT_EQ(t.chain.bytes(), 0u);
}

TEST(ChainMemory, KnowsTheLatestIdsAndTheContextBeforeThem)
{
    ChainUnderTest t(kPlenty);
    add_line(t, 0, 300, 1);
    EXPECT_FALSE(t.chain.knows("r43"));
    EXPECT_TRUE(t.chain.knows("r44"));
    EXPECT_TRUE(t.chain.is_complete("r299", "a"));
    EXPECT_EQ(t.rebuild("r299").size(),
              array(user("x"), said("answer")).size() * 300 - 299); // brackets become commas
    t.add("late", "r0", "[]");
    EXPECT_FALSE(t.chain.is_complete("late", "a"));
}

TEST(ChainMemory, KeepsTheEndsOfQuietBranchesWhenIdsRunOut)
{
    ChainUnderTest t(kPlenty);
    t.add("quiet", "", array(user("1")));
    add_line(t, 0, 1'000, 1);
    EXPECT_TRUE(t.chain.is_complete("quiet", "a"));
    for (int n = 0; n < 300; ++n)
        t.add("end" + std::to_string(n), "", "[]");
    EXPECT_FALSE(t.chain.knows("quiet")); // all are ends now: the oldest goes
    EXPECT_TRUE(t.chain.knows("end299"));
    EXPECT_FALSE(t.chain.knows("end43"));
}

TEST(ChainMemory, ReleasesALongLineWithoutRecursion)
{
    ChainBudget budget(kPlenty);
    Seals seals;
    protocol::ItemReader reader;
    {
        Chain chain(budget, seals, reader, kPlenty);
        std::string parent;
        for (int n = 0; n < 20'000; ++n) {
            const std::string id = id_of(n);
            chain.add({id, parent, "[]", {}, "a"});
            parent = id;
        }
        EXPECT_TRUE(chain.is_complete(parent, "a"));
    }
    EXPECT_EQ(budget.used(), 0u);
}

} // namespace
} // namespace turngate::conversation
