#include "turngate/conversation/chain.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

// Compacted context in an input is a beginning; the order to compact is no context.
namespace turngate::conversation {
namespace {

const std::string kCompacted = R"({"type":"compaction","encrypted_content":"gAAA"})";
const std::string kTrigger = R"({"type":"compaction_trigger"})";

TEST(ChainCompaction, BeginsAnewWithCompactedContextInAnInput)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {said("one")});
    t.add("r2", "r1", array(user("kept"), kCompacted, user("2")), {said("two")});
    const std::string context = array(user("kept"), kCompacted, user("2"), said("two"));
    EXPECT_EQ(t.rebuild("r2"), context);
    EXPECT_EQ(t.rebuild("r1", array(kCompacted)), array(kCompacted));
    EXPECT_EQ(t.rebuild("r2", array(kCompacted, user("3"))), array(kCompacted, user("3")));
    EXPECT_FALSE(t.chain.is_complete("r2", "b"));
}

TEST(ChainCompaction, TakesOutputsWhoseCallsAreWithinTheCompaction)
{
    ChainUnderTest t;
    const std::string input = array(kCompacted, output("c1"));
    t.add("r1", "", input, {call("c2")});
    EXPECT_EQ(t.rebuild("r1", array(output("c2"))),
              array(kCompacted, output("c1"), call("c2"), output("c2")));
    t.add("r2", "r1", array(output("c2")), {said("done")});
    EXPECT_EQ(
        t.rebuild("r2", array(output("c0"))), // of before, answered late
        array(kCompacted, output("c1"), call("c2"), output("c2"), said("done"), output("c0")));
    EXPECT_EQ(t.rebuild("nobody", input), input);
}

TEST(ChainCompaction, StillRefusesOutputsInFrontOfIt)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1")});
    EXPECT_EQ(t.rebuild("r1", array(output("c1"), kCompacted)), "-");
    EXPECT_EQ(t.rebuild("r1", array(call("c1"), output("c1"), kCompacted)),
              array(call("c1"), output("c1"), kCompacted));
    t.add("r2", "", array(kCompacted)); // its own calls are not the next one's
    EXPECT_EQ(t.rebuild("r2", array(output("c2"), kCompacted)), "-");
}

TEST(ChainCompaction, LetsOpenCallsOfBeforeGo)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {call("c1")});
    EXPECT_EQ(t.rebuild("r1", array(kCompacted, user("2"))), array(kCompacted, user("2")));
    t.add("r2", "r1", array(kCompacted, user("2")), {said("two")});
    EXPECT_TRUE(t.chain.pending_calls("r2").empty());
    EXPECT_NE(t.rebuild("r2", array(user("3"))), "-");
}

TEST(ChainCompaction, MakesAnIncompleteConversationCompleteAgain)
{
    ChainUnderTest t;
    t.add("r2", "unknown", array(user("1")), {said("one")});
    t.add("r3", "r2", array(kCompacted, user("2")), {said("two")});
    t.add("r4", "unknown", array(kCompacted), {said("two")});
    EXPECT_FALSE(t.chain.is_complete("r2", "a"));
    EXPECT_EQ(t.rebuild("r2", array(kCompacted)), array(kCompacted));
    EXPECT_EQ(t.rebuild("r3"), array(kCompacted, user("2"), said("two")));
    EXPECT_EQ(t.rebuild("r4"), array(kCompacted, said("two")));
}

TEST(ChainCompaction, IsNoBeginningInAnAnswerNorWithoutContent)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {kCompacted, said("one")});
    EXPECT_EQ(t.rebuild("r1"), array(user("1"), kCompacted, said("one")));
    EXPECT_EQ(t.rebuild("r1", array(output("c1"))), "-");
    const std::string hollow = R"({"type":"compaction"})";
    EXPECT_EQ(t.rebuild("r1", array(hollow)), array(user("1"), kCompacted, said("one"), hollow));
}

TEST(ChainCompaction, SendsTheOrderWithItsCreateAndNeverAgain)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {said("one"), call("c1")});
    EXPECT_EQ(t.rebuild("r1", array(output("c1"), kTrigger), "b"),
              array(user("1"), said("one"), call("c1"), output("c1"), kTrigger));
    EXPECT_EQ(t.rebuild("r1", array(kTrigger), "b"),
              array(user("1"), said("one"), call("c1"), kTrigger));
    t.add("r2", "r1", array(output("c1"), kTrigger), {said("two")});
    EXPECT_EQ(t.rebuild("r2", "[]", "b"),
              array(user("1"), said("one"), call("c1"), output("c1"), said("two")));
    EXPECT_EQ(t.rebuild("r2", array(kTrigger)),
              array(user("1"), said("one"), call("c1"), output("c1"), said("two"), kTrigger));
}

} // namespace
} // namespace turngate::conversation
