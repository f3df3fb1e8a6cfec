#include "turngate/conversation/answer_items.hpp"
#include "turngate/conversation/chain_item.hpp"

#include "chain_under_test.hpp"
#include "open_calls.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <time.h>

// Whatever clients and servers send, the work grows with its bytes: eight times as much may take
// twenty-four times the processor's time, caches and sanitizers considered, but not sixty-four.
namespace turngate::conversation {
namespace {

using Work = std::function<void(std::size_t)>;

// The thread's own, so that it does not matter who else is busy.
std::chrono::nanoseconds processor_time()
{
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::chrono::nanoseconds least_time(const std::function<void()>& work)
{
    auto least = std::chrono::nanoseconds::max();
    for (int i = 0; i < 3; ++i) {
        const auto begin = processor_time();
        work();
        least = std::min(least, processor_time() - begin);
    }
    return least;
}

void expect_linear(std::size_t n, const Work& work)
{
    const auto once = least_time([&] { work(n); });
    const auto eightfold = least_time([&] { work(8 * n); });
    EXPECT_LT(eightfold, 24 * once);
}

std::string repeat(std::size_t n, const std::function<std::string(std::size_t)>& item)
{
    std::string list = "[";
    for (std::size_t i = 0; i < n; ++i)
        list += item(i) + ',';
    list.back() = ']';
    return list;
}

std::string joined(std::string first, const std::string& second)
{
    first.back() = ',';
    return first + second.substr(1);
}

void add_and_rebuild(const std::string& input)
{
    ChainUnderTest t(1 << 30);
    t.add("r0", "", "[]");
    t.add("r1", "r0", input, {said("x")});
    t.rebuild("r1");
    t.rebuild("r0", input);
}

// n calls, and an answer to each of the ids.
void open_and_answer(std::size_t n,
                     const std::function<std::string(std::size_t)>& call_id,
                     const std::function<std::string(std::size_t)>& answer_id)
{
    OpenCalls calls;
    for (std::size_t i = 0; i < n; ++i)
        calls.open({call_id(i)});
    for (std::size_t i = 0; i < n; ++i)
        calls.answer(answer_id(i));
    calls.take();
}

TEST(ChainCost, IsLinearInCallsWhicheverAreAnswered)
{
    const auto numbered = [](std::size_t i) { return "call_" + std::to_string(i); };
    expect_linear(1'000, [&](std::size_t n) {
        const auto same = [](std::size_t) { return std::string("b1"); };
        open_and_answer(n, same, [](std::size_t) { return std::string("z1"); });
        open_and_answer(n, same, same);
        open_and_answer(n, numbered, [&](std::size_t i) { return numbered(n - i - 1); });
        open_and_answer(n, numbered, same);
    });
}

TEST(ChainCost, OfACreateIsLinearInItsCalls)
{
    expect_linear(150, [](std::size_t n) {
        const std::string calls = repeat(n, [](std::size_t) { return call("b1"); });
        const std::string outputs = repeat(n, [](std::size_t) { return output("z1"); });
        add_and_rebuild(joined(joined(calls, array(call("z1"))), outputs));
    });
}

TEST(ChainCost, IsLinearInReasoning)
{
    expect_linear(150, [](std::size_t n) {
        ChainUnderTest t(1 << 30);
        std::vector<std::string> answer;
        for (std::size_t i = 0; i < n; ++i)
            answer.push_back(reasoning(std::to_string(i) + "\\/"));
        t.seals.note(t.reader, answer, "a");
        const std::string input = repeat(n, [&](std::size_t i) { return answer[i]; });
        t.add("r1", "", joined(input, array(said("x"))), answer, "b");
        t.rebuild("r1", "[]", "a");
        EXPECT_TRUE(t.seals.without_foreign(t.reader, input, "b"));
    });
}

TEST(ChainCost, IsLinearInWhatLooksLikeSeals)
{
    for (const std::string part : {R"(\"encrypted_content\":\")", R"(\\\\)", R"(\")"})
        expect_linear(2'000, [&](std::size_t n) {
            std::string text;
            for (std::size_t i = 0; i < n; ++i)
                text += part;
            SCOPED_TRACE(part);
            add_and_rebuild(array(user(text), reasoning(text), said("x")));
        });
}

TEST(ChainCost, OfRebuildingIsLinearInTheConversation)
{
    expect_linear(100, [](std::size_t n) {
        ChainUnderTest t(1 << 30);
        std::string parent;
        for (std::size_t i = 0; i < n; ++i) {
            const std::string id = "r" + std::to_string(i);
            t.add(id, parent, array(user("1")), {reasoning("A"), said(std::string(1'000, 'x'))});
            parent = id;
        }
        for (int i = 0; i < 20; ++i)
            EXPECT_NE(t.rebuild(parent, array(user("2")), "b"), "-");
    });
}

TEST(ChainCost, OfFindingTheRestIsLinear)
{
    expect_linear(100, [](std::size_t n) {
        ChainUnderTest t(1 << 30);
        const std::string text = "\\u0078" + std::string(1'000, 'x');
        std::string parent;
        std::string resent = "[";
        for (std::size_t i = 0; i < n; ++i) {
            const std::string id = "r" + std::to_string(i);
            t.add(id, parent, array(user("1")), {said("x" + std::string(1'000, 'x'))});
            parent = id;
            resent += user("1") + ',' + said(text) + ',';
        }
        resent += user("2") + ']';
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(t.chain.rest_of(resent, parent, "m"), array(user("2")));
    });
}

TEST(ChainCost, OfAnAnswersItemsIsLinear)
{
    expect_linear(500, [](std::size_t n) {
        const auto item = [](std::size_t i) { return with_marks(said(std::to_string(i))); };
        const std::string output = repeat(n, item);
        protocol::ItemReader reader;
        for (const bool has_all : {true, false}) {
            AnswerItems items(1 << 30);
            for (std::size_t i = n; i > (has_all ? 0 : n - 1); --i)
                items.add(i - 1, item(i - 1));
            items.conclude(reader, has_all ? std::string_view() : output);
            EXPECT_TRUE(items.is_whole());
            EXPECT_EQ(items.items().size(), n);
        }
    });
}

TEST(ChainCost, OfFindingIdsAmongOthersIsLinear)
{
    expect_linear(150, [](std::size_t n) {
        std::vector<std::string> few;
        std::vector<std::string> all;
        for (std::size_t i = 0; i < n; ++i) {
            few.push_back("call_" + std::to_string(i));
            all.push_back("call_" + std::to_string(n - i - 1));
        }
        EXPECT_TRUE(are_among(few, all));
        few.push_back("other");
        EXPECT_FALSE(are_among(few, all));
    });
}

TEST(ChainCost, RefusesAContextThatNoMessageCanHave)
{
    ChainUnderTest t(1 << 30);
    const std::size_t frame = array(user("")).size();
    t.add("r1", "", array(user(std::string(8 << 20, 'x'))));
    const std::size_t before = t.rebuild("r1").size();
    const std::size_t left = Chain::kMostContext - before - 1 - (frame - 2); // and a comma
    EXPECT_EQ(t.rebuild("r1", array(user(std::string(left, 'x')))).size(), Chain::kMostContext);
    EXPECT_EQ(t.rebuild("r1", array(user(std::string(left + 1, 'x')))), "-");
}

} // namespace
} // namespace turngate::conversation
