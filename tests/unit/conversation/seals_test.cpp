#include "turngate/conversation/seals.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace turngate::conversation {
namespace {

struct SealsUnderTest
{
    void note(const std::string& item, std::string_view account)
    {
        seals.note(reader, std::vector<std::string>{item}, account);
    }
    std::string sealed_by(std::string_view item)
    {
        const std::string* const account = seals.sealed_by(reader, item);
        return account ? *account : "-";
    }
    std::string without_foreign(std::string_view input, std::string_view account)
    {
        return seals.without_foreign(reader, input, account).value_or("-");
    }
    std::string bound_to(std::string_view input)
    {
        return seals.bound_to(reader, input).value_or("-");
    }

    protocol::ItemReader reader;
    Seals seals;
};

std::string compacted(std::string_view content)
{
    return R"({"type":"compaction","encrypted_content":")" + std::string(content) + "\"}";
}

TEST(Seals, KnowWhoSealedAnItemWhateverElseIsWrittenInIt)
{
    SealsUnderTest t;
    t.note(R"({"id":"rs_1","type":"reasoning","encrypted_content":"g\/A+A"})", "a");
    t.note(R"({"type":"future","parts":[{"encrypted_content" : "nested"}]})", "b");
    EXPECT_EQ(t.sealed_by(R"({"encrypted_content":"g/A\u002BA","type":"reasoning"})"), "a");
    EXPECT_EQ(t.sealed_by(reasoning("g/A+A")), "a");
    EXPECT_EQ(t.sealed_by(reasoning("nested")), "b");
    for (const std::string_view item : {R"({"encrypted_content":"other"})",
                                        R"({"encrypted_content":""})",
                                        R"({"encrypted_content":null})",
                                        R"({"text":"\"encrypted_content\":\"nested\""})",
                                        R"({"encrypted_content":)",
                                        R"({"encrypted_content":"nes)",
                                        ""})
        EXPECT_EQ(t.sealed_by(item), "-") << item;
    t.note(reasoning("nested"), "c"); // the last word
    EXPECT_EQ(t.sealed_by(reasoning("nested")), "c");
}

TEST(Seals, LeaveOutReasoningOfOtherAccounts)
{
    SealsUnderTest t;
    t.note(reasoning("A"), "a");
    t.note(reasoning("B"), "b");
    const std::string input = array(user("1"),
                                    reasoning("A"),
                                    call("c1"),
                                    output("c1"),
                                    reasoning("B"),
                                    said("two"),
                                    reasoning("C"),
                                    said("three"));
    EXPECT_EQ(t.without_foreign(input, "b"),
              array(user("1"),
                    call("c1"),
                    output("c1"),
                    reasoning("B"),
                    said("two"),
                    reasoning("C"),
                    said("three")));
    EXPECT_EQ(
        t.without_foreign(input, "c"),
        array(user("1"), call("c1"), output("c1"), said("two"), reasoning("C"), said("three")));
    EXPECT_EQ(t.without_foreign(array(user("1"), reasoning("A"), reasoning("C")), "a"), "-");
    EXPECT_EQ(t.without_foreign(array(reasoning("A")), "b"), "[]");
    for (const std::string_view odd : {"", "null", "\"encrypted_content\"", "[1]", "[{}]"})
        EXPECT_EQ(t.without_foreign(odd, "b"), "-") << odd;
}

TEST(Seals, LeaveNothingBehindThatSpeaksOfWhatIsLeftOut)
{
    SealsUnderTest t;
    t.note(reasoning("A"), "a");
    const std::string bare = R"({"id":"rs_2","type":"reasoning","summary":[]})";
    EXPECT_EQ(t.without_foreign(array(user("1"),
                                      with_marks(reasoning("A")),
                                      with_marks(call("c1")),
                                      bare,
                                      with_marks(said("x"))),
                                "b"),
              array(user("1"), call("c1"), said("x")));
    EXPECT_EQ(t.without_foreign(array(bare, with_marks(said("x"))), "b"), "-"); // as it came
}

TEST(Seals, CanBeLeftOutAltogether)
{
    protocol::ItemReader reader;
    const auto without = [&](std::string_view input) {
        return Seals::without_any(reader, input).value_or("-");
    };
    EXPECT_EQ(without(array(user("1"), with_marks(reasoning("A")), with_marks(call("c1")))),
              array(user("1"), call("c1")));
    EXPECT_EQ(without(array(user("1"), call("c1"))), "-");
    EXPECT_EQ(without(array(compacted("x"))), "-");
}

TEST(Seals, BindAnInputToWhoCompactedIt)
{
    SealsUnderTest t;
    t.note(compacted("A"), "a");
    t.note(reasoning("B"), "b");
    EXPECT_EQ(t.bound_to(array(user("1"), reasoning("B"), compacted("A"))), "a");
    EXPECT_EQ(t.bound_to(array(R"({"type":"future","x":{"encrypted_content":"A"}})")), "a");
    EXPECT_EQ(t.bound_to(array(compacted("unknown"))), "-");
    EXPECT_EQ(t.bound_to(array(user("1"), reasoning("B"))), "-");
    EXPECT_EQ(t.bound_to("\"x\""), "-");
}

TEST(Seals, ForgetTheOldestFirst)
{
    SealsUnderTest t;
    for (std::size_t n = 0; n <= Seals::kMost; ++n)
        t.note(reasoning(std::to_string(n)), "a");
    EXPECT_EQ(t.sealed_by(reasoning("0")), "-");
    EXPECT_EQ(t.sealed_by(reasoning("1")), "a");
    EXPECT_EQ(t.sealed_by(reasoning(std::to_string(Seals::kMost))), "a");
}

TEST(ChainSeals, LeaveOutReasoningOfOthersThatAClientSentItself)
{
    ChainUnderTest t;
    t.seals.note(t.reader, std::vector<std::string>{reasoning("A"), compacted("KA")}, "a");
    t.seals.note(t.reader, std::vector<std::string>{compacted("KB")}, "b");
    t.add("r1", "", array(user("1"), reasoning("A"), call("c1"), output("c1")), {said("one")}, "b");
    const std::string next = array(reasoning("A"), reasoning("N"), user("2"));
    EXPECT_EQ(t.rebuild("r1", next, "a"),
              array(user("1"),
                    reasoning("A"),
                    call("c1"),
                    output("c1"),
                    said("one"),
                    reasoning("A"),
                    user("2")));
    EXPECT_EQ(t.rebuild("r1", next, "b"),
              array(user("1"), call("c1"), output("c1"), said("one"), reasoning("N"), user("2")));
    EXPECT_EQ(t.rebuild("r1", array(compacted("KA")), "a"), array(compacted("KA")));
    EXPECT_EQ(t.rebuild("r1", array(compacted("KA")), "b"), "-");
    t.add("r2", "", array(compacted("KA"), user("1")), {said("one")}, "b");
    EXPECT_FALSE(t.chain.is_complete("r2", "b"));
    EXPECT_TRUE(t.chain.is_complete("r2", "a"));
    t.add("r3", "", array(compacted("KA"), compacted("KB")), {said("one")}, "b");
    EXPECT_FALSE(t.chain.is_complete("r3", "a") || t.chain.is_complete("r3", "b"));
}

TEST(ChainSeals, AreLeftOutAltogetherWhenAsked)
{
    ChainUnderTest t;
    t.add("r1", "", array(user("1")), {reasoning("A"), call("c1")}, "a");
    const std::string next = array(output("c1"), reasoning("N"), said("x"));
    EXPECT_EQ(t.chain.rebuild("r1", next, "a", Sealed::none).value_or("-"),
              array(user("1"), call("c1"), output("c1"), said("x")));
    EXPECT_EQ(
        t.chain.rebuild("r1", next, "a", Sealed::own).value_or("-"),
        array(user("1"), reasoning("A"), call("c1"), output("c1"), reasoning("N"), said("x")));
}

} // namespace
} // namespace turngate::conversation
