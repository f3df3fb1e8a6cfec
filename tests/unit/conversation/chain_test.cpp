#include "turngate/conversation/chain.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {
namespace {

using Ids = std::vector<std::string>;

TEST(Chain, RebuildsALineInItsOrder)
{
    ChainUnderTest t;
    t.add("r0", "", "[]"); // a warm-up
    t.add("r1", "r0", array(user("1")), {with_marks(said("one"))});
    t.add("r2", "r1", array(user("2"), user("3")), {with_marks(said("two"))});
    EXPECT_TRUE(t.chain.is_complete("r2", "a") && t.chain.is_complete("r2", "b"));
    EXPECT_EQ(t.rebuild("r2", array(user("4")), "b"),
              array(user("1"), said("one"), user("2"), user("3"), said("two"), user("4")));
    EXPECT_EQ(t.rebuild("r1"), array(user("1"), said("one")));
    EXPECT_EQ(t.rebuild("r0"), "[]");
    EXPECT_EQ(t.rebuild("r0", ""), "[]");
    EXPECT_EQ(t.rebuild("r0", "null"), "[]");
}

TEST(Chain, KnowsNothingOfOtherResponses)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")));
    for (const std::string_view id : {"", "r", "r2", "r11"}) {
        EXPECT_FALSE(t.chain.knows(id));
        EXPECT_FALSE(t.chain.is_complete(id, "a"));
        EXPECT_EQ(t.rebuild(id), "-");
        EXPECT_TRUE(t.chain.pending_calls(id).empty());
    }
    t.add("", "r1", array(user("2")));
    EXPECT_FALSE(t.chain.knows(""));
}

TEST(Chain, StaysIncompleteAfterAnUnknownParent)
{
    ChainUnderTest t;
    t.add("r2", "r1", array(user("1")), {call("c1")});
    t.add("r3", "r2", array(output("c1")));
    for (const std::string_view id : {"r2", "r3"}) {
        EXPECT_TRUE(t.chain.knows(id));
        EXPECT_FALSE(t.chain.is_complete(id, "a"));
        EXPECT_EQ(t.rebuild(id), "-");
    }
    EXPECT_EQ(t.chain.pending_calls("r2"), Ids{"c1"});
}

TEST(Chain, StaysIncompleteAfterWhatOnlyTheUpstreamKnows)
{
    ChainUnderTest t;
    const std::string input = array(user("1"));
    t.chain.add({.response_id = "r1",
                 .parent_id = "",
                 .input = input,
                 .outputs = {},
                 .account = "a",
                 .is_whole = false});
    t.add("r2", "r1", input);
    EXPECT_FALSE(t.chain.is_complete("r1", "a"));
    EXPECT_FALSE(t.chain.is_complete("r2", "a"));
}

TEST(Chain, SharesTheBeginningsOfForks)
{
    ChainUnderTest t;
    const std::string text(10'000, 'x');
    t.add("r1", "", array(user(text)), {said("one")});
    const std::uint64_t before = t.chain.bytes();
    t.add("r2", "r1", array(user("2")));
    t.add("r3", "r1", array(user("3")));
    EXPECT_GT(before, text.size());
    EXPECT_LT(t.chain.bytes() - before, 3'000u);
    EXPECT_EQ(t.rebuild("r2"), array(user(text), said("one"), user("2")));
    EXPECT_EQ(t.rebuild("r3"), array(user(text), said("one"), user("3")));
    EXPECT_EQ(t.rebuild("r1", array(user("4"))), array(user(text), said("one"), user("4")));
}

TEST(Chain, LetsALaterResponseTakeTheIdOfAnEarlierOne)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")));
    t.add("r1", "r1", array(user("2")));
    EXPECT_EQ(t.rebuild("r1"), array(user("1"), user("2")));
    t.add("r1", "", array(user("3")));
    EXPECT_EQ(t.rebuild("r1"), array(user("3")));
}

TEST(Chain, MakesAMessageOfAStringAndKeepsItsBytes)
{
    ChainUnderTest t;
    const std::string_view rows[] = {
        R"("hi")", R"("")", R"("a\"b\\\u00e9\ud83d\ude00\n")", R"("é😀")"};
    for (const std::string_view text : rows) {
        const std::string message =
            R"({"type":"message","role":"user","content":[{"type":"input_text","text":)" +
            std::string(text) + "}]}";
        t.add("r1", "", text, {said("one")});
        EXPECT_EQ(t.rebuild("r1", text), array(message, said("one"), message)) << text;
    }
    EXPECT_EQ(t.rebuild("r1", "\"open"), "-");
}

TEST(Chain, LeavesWhiteSpaceBetweenItemsBehindAndWithinThemAlone)
{
    ChainUnderTest t;
    t.add("r1", "", " [ { \"role\" : \"user\" } ,\n{\"type\":\"additional_tools\",\"id\": 1 } ] ");
    EXPECT_EQ(t.rebuild("r1"),
              "[{ \"role\" : \"user\" },{\"type\":\"additional_tools\",\"id\": 1 }]");
}

TEST(Chain, RefusesWhatIsNoListOfItems)
{
    for (const std::string_view input : {"[1]", "[{]", "{}", "7", "\"a", "[{\"a\":\"\xff\"}]"}) {
        ChainUnderTest t;
        t.add("r0", "", "[]");
        t.add("r1", "r0", input);
        EXPECT_FALSE(t.chain.is_complete("r1", "a")) << input;
        EXPECT_EQ(t.rebuild("r0", input), "-") << input;
        t.add("r2", "r0", "[]", {std::string(input)});
        EXPECT_FALSE(t.chain.is_complete("r2", "a")) << input;
    }
}

TEST(Chain, NeverSendsAReferenceToAStoredItem)
{
    for (const std::string reference :
         {R"({"type":"item_reference","id":"msg_1"})", R"({"id":"msg_1"})"}) {
        ChainUnderTest t;
        t.add("r1", "", array(user("1"), reference));
        EXPECT_FALSE(t.chain.is_complete("r1", "a"));
        t.add("r2", "", array(user("1")));
        EXPECT_EQ(t.rebuild("r2", array(reference)), "-");
        EXPECT_EQ(t.rebuild("r2"), array(user("1")));
    }
}

} // namespace
} // namespace turngate::conversation
