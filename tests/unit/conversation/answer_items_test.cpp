#include "turngate/conversation/answer_items.hpp"

#include "chain_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {
namespace {

using Items = std::vector<std::string>;

const std::string kA = R"({"type":"message","id":"msg_a","role":"assistant","content":"a"})";
const std::string kB = R"({"type":"message","id":"msg_b","role":"assistant","content":"b"})";
const std::string kC = R"({"type":"function_call","id":"fc_c","call_id":"c","arguments":"{}"})";

struct Answer
{
    explicit Answer(std::uint64_t max_bytes = 1'000) : items(max_bytes) {}

    Answer& add(std::optional<std::uint32_t> index, std::string_view item)
    {
        items.add(index, item);
        return *this;
    }

    // "-" in front: not all of them are here.
    std::string conclude(std::string_view raw_output)
    {
        items.conclude(reader, raw_output);
        std::string text = items.is_whole() ? "" : "-";
        for (const std::string& item : items.items())
            text += item;
        return text;
    }

    protocol::ItemReader reader;
    AnswerItems items;
};

TEST(AnswerItems, StandInTheOrderOfTheirIndexHoweverTheyCome)
{
    for (const std::string& output : {std::string(), std::string("null"), std::string("[]")}) {
        EXPECT_EQ(Answer().add(2, kC).add(0, kA).add(1, kB).conclude(output), kA + kB + kC);
        EXPECT_EQ(Answer().add({}, kB).add({}, kA).conclude(output), kB + kA);
        EXPECT_EQ(Answer().conclude(output), "");
    }
    EXPECT_EQ(Answer().add(2, kC).add(0, kA).add(1, kB).conclude(array(kA, kB, kC)), kA + kB + kC);
}

TEST(AnswerItems, AreTakenFromTheEndIfTheyOnlyStandThere)
{
    EXPECT_EQ(Answer().conclude(array(kA, kC)), kA + kC);
    EXPECT_EQ(Answer().add(0, kA).conclude(array(kA, kB)), kA + kB);
    EXPECT_EQ(Answer().add(1, kB).conclude(array(kA, kB)), kA + kB);
    EXPECT_EQ(Answer().add(1, kB).conclude(array(kA, kB, kC)), kA + kB + kC);
    EXPECT_EQ(Answer().add(0, kA).add(2, kC).conclude(" [ " + kA + " ,\n" + kB + "," + kC + "] "),
              kA + kB + kC);
}

TEST(AnswerItems, AreNotWholeWhereTheEndHasOthers)
{
    EXPECT_EQ(Answer().add(0, kA).conclude(array(kB)), "-" + kA);
    EXPECT_EQ(Answer().add(0, kA).add(1, kB).conclude(array(kA)), "-" + kA + kB);
    EXPECT_EQ(Answer().add(0, kA).add(1, kB).conclude(array(kB, kA)), "-" + kA + kB);
    EXPECT_EQ(Answer().add(0, kA).conclude("[{]"), "-" + kA);
    EXPECT_EQ(Answer().add(0, kA).conclude("{}"), "-" + kA);
}

TEST(AnswerItems, AreNotWholeWithAGap)
{
    EXPECT_EQ(Answer().add(1, kA).conclude(""), "-" + kA);
    EXPECT_EQ(Answer().add(0, kA).add(2, kB).conclude("[]"), "-" + kA + kB);
    EXPECT_EQ(Answer().add(0, kA).add(0, kB).conclude("null"), "-" + kA + kB);
    EXPECT_EQ(Answer().add(0, kA).add(4'294'967'295, kB).add({}, kC).conclude(""),
              "-" + kA + kC + kB);
    EXPECT_EQ(Answer().add(0, kA).add(1, "").conclude(""), "-" + kA);
}

TEST(AnswerItems, AreTheSameWhenTheyAreSaidTwice)
{
    EXPECT_EQ(Answer().add(0, kA).add(0, kA).conclude(""), kA);
    // sealed anew
    const std::string first = R"({"id":"rs_1","type":"reasoning","encrypted_content":"gAAA"})";
    const std::string anew = R"({"id":"rs_1","type":"reasoning","encrypted_content":"gBBB"})";
    EXPECT_EQ(Answer().add(0, first).add(1, kA).conclude(array(anew, kA)), first + kA);
    // named anew, and the numbers begin at one
    const std::string plain = said("a");
    EXPECT_EQ(Answer().add(1, with_marks(plain)).conclude(array(plain)), with_marks(plain));
    // told apart though they have one name
    const std::string x = R"({"type":"message","id":"m","role":"assistant","content":"x"})";
    const std::string y = R"({"type":"message","id":"m","role":"assistant","content":"y"})";
    EXPECT_EQ(Answer().add(1, y).conclude(array(x, y)), x + y);
    EXPECT_EQ(Answer().add(0, x).add(1, x).conclude(array(x, x)), x + x);
}

TEST(AnswerItems, AreNotKeptBeyondTheirBytes)
{
    EXPECT_EQ(Answer(kA.size()).add(0, kA).conclude(""), kA);
    EXPECT_EQ(Answer(kA.size()).add(0, kA).add(1, kB).add(2, "{}").conclude(array(kA, kB)), "-");
    EXPECT_EQ(Answer(kA.size()).add(0, kA).conclude(array(kA, kB, kC)), "-");
    EXPECT_EQ(Answer(kA.size()).add(1, kB).conclude(array(kA, kB, kC)), "-");
    EXPECT_EQ(Answer(0).conclude(array(kA)), "-");
}

TEST(AnswerItems, AreNotWholeOnceSpoiled)
{
    Answer answer;
    answer.add(1, kC).add(0, kA).items.spoil();
    EXPECT_EQ(answer.conclude(array(kA, kC)), "-" + kA + kC);
}

// Whatever comes and whatever is listed: what is whole is the list, or is numbered through; and
// what agrees with the list is whole.
TEST(AnswerItems, AreWholeIfAndOnlyIfTheyCanBeTold)
{
    std::mt19937 random(11);
    const auto below = [&](std::size_t n) { return random() % n; };
    const Items kinds{kA, kB, kC, reasoning("x")};
    int whole = 0;
    for (int round = 0; round < 5'000; ++round) {
        Items listed;
        for (std::size_t n = below(4); n > 0; --n)
            listed.push_back(kinds[below(4)]);
        Answer answer;
        std::map<std::size_t, std::string> done;
        bool agrees = true;
        for (std::size_t n = below(4); n > 0; --n) {
            const std::size_t place = below(4);
            const bool is_listed = place < listed.size() && below(8) != 0;
            const std::string item = is_listed ? listed[place] : kinds[below(4)];
            agrees = agrees && done.try_emplace(place, item).first->second == item;
            agrees = agrees && (listed.empty() || (place < listed.size() && item == listed[place]));
            answer.add(place, item);
        }
        std::string list = "[";
        for (const std::string& item : listed)
            list += item + ',';
        list.back() = ']';
        answer.items.conclude(answer.reader, listed.empty() ? "null" : list);
        const Items items(answer.items.items().begin(), answer.items.items().end());
        const bool is_numbered = done.empty() || done.rbegin()->first + 1 == done.size();
        const bool must_be_whole = agrees && (!listed.empty() || is_numbered);
        EXPECT_TRUE(answer.items.is_whole() || !must_be_whole) << list;
        whole += answer.items.is_whole();
        if (!answer.items.is_whole())
            continue;
        if (!listed.empty()) {
            EXPECT_EQ(items, listed);
            continue;
        }
        EXPECT_TRUE(must_be_whole);
        EXPECT_TRUE(
            std::ranges::equal(items, done, {}, {}, [](const auto& d) { return d.second; }));
    }
    EXPECT_GT(whole, 1'000);
}

} // namespace
} // namespace turngate::conversation
