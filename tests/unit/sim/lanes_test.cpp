#include "lanes.hpp"

#include <gtest/gtest.h>

namespace turngate::sim {
namespace {

class LanesTest : public testing::Test
{
protected:
    std::optional<Error> ask(std::string lane,
                             std::optional<std::string> parent = {},
                             std::vector<CallItem> calls = {})
    {
        Create create;
        create.lane = std::move(lane);
        create.parent = std::move(parent);
        create.input.calls = std::move(calls);
        return lanes.admit(std::move(create));
    }

    // Starts what may start; "none", the code of its refusal, or the parent's kind.
    std::string start()
    {
        const auto start = lanes.next();
        if (!start)
            return "none";
        if (start->refusal)
            return start->refusal->code.empty() ? start->refusal->message : start->refusal->code;
        constexpr const char* kNames[] = {"new", "memory", "stored"};
        return kNames[static_cast<int>(start->kind)];
    }

    void finish(const std::string& lane, const std::string& id, std::vector<Call> open = {})
    {
        lanes.finished(lane, context(id, std::move(open)));
    }

    // A whole response.
    void respond(const std::string& lane, const std::string& id, std::vector<Call> open = {})
    {
        ask(lane);
        ASSERT_EQ(start(), "new");
        finish(lane, id, std::move(open));
    }

    static ContextPtr context(const std::string& id, std::vector<Call> open = {})
    {
        return std::make_shared<Context>(Context{id, 10, std::move(open), nullptr});
    }

    Storage storage;
    Lanes lanes{storage, "owner"};
};

TEST_F(LanesTest, LetsASecondCreateOfALaneWait)
{
    ask("a");
    ask("a");
    EXPECT_EQ(start(), "new");
    EXPECT_EQ(start(), "none");
    finish("a", "r1");
    EXPECT_EQ(start(), "new");
}

TEST_F(LanesTest, LetsOtherLanesOvertakeABusyOne)
{
    ask("a");
    ask("a");
    ask("");
    EXPECT_EQ(start(), "new");
    const auto next = lanes.next();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->create.lane, "");
}

TEST_F(LanesTest, RunsSixteenAtOnce)
{
    for (int i = 0; i < 18; ++i)
        EXPECT_FALSE(ask("lane" + std::to_string(i)));
    for (int i = 0; i < 16; ++i)
        EXPECT_EQ(start(), "new");
    EXPECT_EQ(start(), "none");
    EXPECT_EQ(lanes.waiting(), 2u);
    lanes.failed("lane3");
    EXPECT_EQ(start(), "new");
    EXPECT_EQ(start(), "none");
}

TEST_F(LanesTest, TakesThirtyTwoNamesBesidesTheDefaultLane)
{
    EXPECT_FALSE(ask(""));
    for (int i = 0; i < 32; ++i)
        EXPECT_FALSE(ask("lane" + std::to_string(i)));
    const auto error = ask("one too many");
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, "websocket_stream_limit_reached");
    EXPECT_EQ(error->param, "stream_id");
    EXPECT_FALSE(ask("lane0"));
}

TEST_F(LanesTest, RemembersOnlyTheLatestOfALane)
{
    respond("a", "r1");
    ask("a", "r1");
    EXPECT_EQ(start(), "memory");
    finish("a", "r2");
    ask("a", "r1");
    EXPECT_EQ(start(), "previous_response_not_found");
    ask("a", "r2");
    EXPECT_EQ(start(), "memory");
}

TEST_F(LanesTest, LoadsOlderOnesFromStorageForTheirOwner)
{
    storage.keep("owner", "r1", context("r1"));
    storage.keep("somebody else", "r2", context("r2"));
    ask("a", "r1");
    EXPECT_EQ(start(), "stored");
    ask("b", "r2");
    EXPECT_EQ(start(), "previous_response_not_found");
}

TEST_F(LanesTest, ForksWhileTheSourceHasNotMovedOn)
{
    respond("a", "r1");
    ask("b", "r1");
    EXPECT_EQ(start(), "memory");
    ask("a", "r1");
    EXPECT_EQ(start(), "memory");
    ask("c", "r1");
    EXPECT_EQ(start(), "previous_response_not_found");
}

TEST_F(LanesTest, LosesTheParentOfAQueuedForkWhenTheSourceMovesOnFirst)
{
    respond("a", "r1");
    ask("b");
    ASSERT_EQ(start(), "new");
    ask("b", "r1");
    ask("a", "r1");
    EXPECT_EQ(start(), "memory"); // lane a: b is busy
    finish("a", "r2");
    finish("b", "r3");
    EXPECT_EQ(start(), "previous_response_not_found");
}

TEST_F(LanesTest, EvictsTheParentOfAContinuationThatFails)
{
    respond("a", "r1");
    ask("a", "r1");
    ASSERT_EQ(start(), "memory");
    lanes.failed("a");
    ask("a", "r1");
    EXPECT_EQ(start(), "previous_response_not_found");
}

TEST_F(LanesTest, LeavesTheParentOfAForkThatFailsAlone)
{
    respond("a", "r1");
    ask("b", "r1");
    ASSERT_EQ(start(), "memory");
    lanes.failed("b");
    ask("a", "r1");
    EXPECT_EQ(start(), "memory");
}

TEST_F(LanesTest, KeepsTheLatestWhenAnotherConversationOfTheLaneFails)
{
    respond("a", "r1");
    ask("a");
    ASSERT_EQ(start(), "new");
    lanes.failed("a");
    ask("a", "r1");
    EXPECT_EQ(start(), "memory");
}

TEST_F(LanesTest, EvictsTheParentWhenItsOutputsAreWrong)
{
    respond("a", "r1", {{"c1", "function_call", "f"}});
    ask("a", "r1");
    EXPECT_EQ(start(), "No tool output found for function call c1.");
    EXPECT_EQ(lanes.in_flight(), 0u);
    ask("a", "r1", {{{"c1", "function_call", ""}, true}});
    EXPECT_EQ(start(), "previous_response_not_found");
}

TEST(Calls, MustBeAnsweredOnceEachAndInKind)
{
    const Call open{"c1", "function_call", "f"};
    const CallItem output{{"c1", "function_call", ""}, true};
    const CallItem custom{{"c1", "custom_tool_call", ""}, true};
    const CallItem call{{"c2", "shell_call", ""}, false};
    const CallItem call_output{{"c2", "shell_call", ""}, true};
    struct Row
    {
        std::vector<Call> open;
        std::vector<CallItem> items;
        const char* message;
    };
    const Row rows[] = {
        {{}, {}, ""},
        {{open}, {output}, ""},
        {{}, {call, call_output}, ""},
        {{open}, {call, output, call_output}, ""},
        {{}, {output}, "No tool call found for function call output with call_id c1."},
        {{open}, {output, output}, "No tool call found for function call output with call_id c1."},
        {{open}, {custom}, "No tool call found for custom tool call output with call_id c1."},
        {{}, {call_output, call}, "No tool call found for shell call output with call_id c2."},
        {{open}, {}, "No tool output found for function call c1."},
        {{}, {call}, "No tool output found for shell call c2."},
    };
    for (const Row& row : rows) {
        auto open_calls = row.open;
        const auto error = settle_calls(open_calls, row.items);
        EXPECT_EQ(error ? error->message : "", row.message);
        if (error) {
            EXPECT_EQ(error->param, "input");
            EXPECT_EQ(error->type, "invalid_request_error");
        }
    }
}

TEST(Storage, ForgetsTheOldestFirst)
{
    Storage storage;
    const auto context = std::make_shared<Context>();
    for (std::size_t i = 0; i <= Storage::kMost; ++i)
        storage.keep("o", std::to_string(i), context);
    EXPECT_EQ(storage.size(), Storage::kMost);
    EXPECT_FALSE(storage.find("o", "0"));
    EXPECT_TRUE(storage.find("o", "1"));
}

} // namespace
} // namespace turngate::sim
