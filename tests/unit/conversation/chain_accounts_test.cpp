#include "turngate/conversation/chain.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

// What only the account that made it can read.
namespace turngate::conversation {
namespace {

std::string sealed(std::string_view type)
{
    return R"({"type":")" + std::string(type) + R"(","encrypted_content":"gAAA"})";
}

TEST(ChainAccounts, SendsReasoningOnlyToTheAccountThatMadeIt)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {with_marks(reasoning("A1")), said("one")}, "a");
    t.add("r2", "r1", array(user("2")), {with_marks(reasoning("B1")), call("c1")}, "b");
    const std::string answer = array(output("c1"));
    EXPECT_EQ(t.rebuild("r2", answer, "a"),
              array(user("1"), reasoning("A1"), said("one"), user("2"), call("c1"), output("c1")));
    EXPECT_EQ(t.rebuild("r2", answer, "b"),
              array(user("1"), said("one"), user("2"), reasoning("B1"), call("c1"), output("c1")));
    EXPECT_EQ(t.rebuild("r2", answer, "c"),
              array(user("1"), said("one"), user("2"), call("c1"), output("c1")));
}

TEST(ChainAccounts, TreatsReasoningInAnInputAsThatOfTheAccountThatTookIt)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1"), reasoning("A1"), said("one"), user("2")), {}, "a");
    EXPECT_EQ(t.rebuild("r1", "[]", "a"),
              array(user("1"), reasoning("A1"), said("one"), user("2")));
    EXPECT_EQ(t.rebuild("r1", "[]", "b"), array(user("1"), said("one"), user("2")));
    EXPECT_EQ(t.rebuild("r1", array(reasoning("A2"), user("3")), "b"),
              array(user("1"), said("one"), user("2"), user("3")));
}

TEST(ChainAccounts, LeavesOutReasoningThatNobodyCouldRead)
{
    for (const std::string_view content :
         {"", R"(,"encrypted_content":null)", R"(,"encrypted_content":"")"}) {
        ChainUnderTest t;
        const std::string bare =
            R"({"id":"rs_1","type":"reasoning","summary":[])" + std::string(content) + "}";
        t.add("r1", "", array(user("1")), {bare, call("c1")});
        EXPECT_EQ(t.rebuild("r1", array(output("c1"))), array(user("1"), call("c1"), output("c1")));
    }
}

TEST(ChainAccounts, LeavesOutReasoningThatNothingOfItsAnswerFollows)
{
    ChainUnderTest t;
    t.add("r1",
          "",
          array(user("1"), reasoning("A0")),
          {said("one"), reasoning("A1"), reasoning("A2")});
    t.add("r2", "r1", array(user("2")), {reasoning("A3")});
    EXPECT_EQ(t.rebuild("r2"), array(user("1"), reasoning("A0"), said("one"), user("2")));
}

TEST(ChainAccounts, LeavesOutAFailedHostedCallWithTheReasoningThatLedToIt)
{
    const std::string failed =
        R"({"type":"image_generation_call","id":"ig_1","status":"failed","result":null})";
    ChainUnderTest t;
    t.add("r1",
          "",
          array(user("1")),
          {said("0"), reasoning("A1"), failed, reasoning("A2"), said("one")});
    EXPECT_EQ(t.rebuild("r1"), array(user("1"), said("0"), reasoning("A2"), said("one")));
    t.add("r2", "r1", array(user("2"), failed), {reasoning("A3"), failed});
    EXPECT_EQ(
        t.rebuild("r2", array(user("3"))),
        array(user("1"), said("0"), reasoning("A2"), said("one"), user("2"), failed, user("3")));
}

TEST(ChainAccounts, IsNotBoundBySealsThatAreEmpty)
{
    for (const std::string_view content : {"null", "\"\"", "[]"}) {
        ChainUnderTest t;
        t.add("r1",
              "",
              array(R"({"type":"message","role":"user","encrypted_content":)" +
                    std::string(content) + "}"));
        EXPECT_TRUE(t.chain.is_complete("r1", "b")) << content;
    }
}

TEST(ChainAccounts, KeepsCompactedContextOnItsAccount)
{
    for (const std::string_view type : {"compaction", "compaction_summary", "context_compaction"}) {
        ChainUnderTest t;
        t.add("r1", "", array(user("1")), {sealed(type), said("one")}, "a");
        t.add("r2", "r1", array(user("2")), {said("two")}, "a");
        EXPECT_TRUE(t.chain.is_complete("r2", "a")) << type;
        EXPECT_FALSE(t.chain.is_complete("r2", "b")) << type;
        EXPECT_EQ(t.rebuild("r2", "[]", "a"),
                  array(user("1"), sealed(type), said("one"), user("2"), said("two")));
        EXPECT_EQ(t.rebuild("r2", "[]", "b"), "-");
    }
}

TEST(ChainAccounts, KeepsUnknownItemsWithEncryptedPartsOnTheirAccount)
{
    ChainUnderTest t;
    t.add("r1", "", array(R"({"type":"agent_message","content":[{"encrypted_content":"x"}]})"));
    EXPECT_FALSE(t.chain.is_complete("r1", "b"));
    t.add("r2", "", array(user(R"(the text \"encrypted_content\")")));
    EXPECT_TRUE(t.chain.is_complete("r2", "b"));
}

TEST(ChainAccounts, SendsAContextOfTwoAccountsToNeither)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {sealed("compaction")}, "a");
    t.add("r2", "r1", array(user("2")), {said("two")}, "b");
    EXPECT_TRUE(t.chain.is_complete("r2", "a"));
    t.add("r3", "r1", array(user("2")), {sealed("compaction")}, "b");
    EXPECT_FALSE(t.chain.is_complete("r3", "a"));
    EXPECT_FALSE(t.chain.is_complete("r3", "b"));
}

TEST(ChainAccounts, TakesCompactedContextInANewInputOnlyToItsOwnAccount)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {}, "a");
    const std::string next = array(sealed("compaction"), user("2"));
    EXPECT_EQ(t.rebuild("r1", next, "a"), next);
    EXPECT_EQ(t.rebuild("r1", next, "b"), "-");
}

} // namespace
} // namespace turngate::conversation
