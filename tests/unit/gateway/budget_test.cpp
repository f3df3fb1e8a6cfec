#include "turn_under_test.hpp"

namespace turngate::gateway::test {
namespace {

constexpr std::int64_t kWindow = 400'000;
constexpr std::int64_t kAnswer = 128'000;
constexpr std::int64_t kInputPrice = 2'000; // nano-dollars a token
constexpr std::int64_t kOutputPrice = 10'000;
constexpr std::int64_t kOfTheWindow = kWindow * kInputPrice + kAnswer * kOutputPrice;

// What is held for turns of somebody with a budget.
class Budget : public TurnTest
{
protected:
    Budget()
    {
        auto& price = test.prices.models["gpt-5.2"];
        price.max_input_tokens = kWindow;
        price.max_output_tokens = kAnswer;
        test.prices.tools["web_search"] = {10'000'000};
        give(1'000'000'000'000);
    }

    void give(std::int64_t balance)
    {
        test.config.users[0].balance = core::NanoUsd{balance};
        test.load();
    }
    static std::string create(const std::string& fields, const std::string& lane = {})
    {
        return R"({"type":"response.create","model":"gpt-5.2",)" +
               (lane.empty() ? lane : R"("stream_id":")" + lane + R"(",)") + fields + "}";
    }
    std::int64_t held(const std::string& subject = "user/alice")
    {
        return test.state->budgets().held({subject})[0].value;
    }
    void end(RunningTurn& running)
    {
        until_ended(running);
        running.turn.claims.holds.clear(); // as with the turn itself
    }
    void stop(RunningTurn& running)
    {
        running.turn.stop.request({core::FaultCode::client_gone, {}, "test"});
        end(running);
    }
    // What a turn with these fields holds while it runs.
    std::int64_t held_for(const std::string& fields)
    {
        auto& running = start(create(fields));
        const std::int64_t amount = held();
        stop(running);
        test.state->budgets().report("user/alice", {++looks_, {0}}, uids());
        return amount;
    }
    std::vector<std::string> uids() const
    {
        std::vector<std::string> uids;
        for (const auto& record : test.journal.records)
            uids.push_back(record.response_uid);
        return uids;
    }

private:
    std::int64_t looks_ = 0;
};

TEST_F(Budget, HoldsTheContextWindowForInputThatStandsElsewhere)
{
    EXPECT_LT(held_for(R"("input":"hi","max_output_tokens":100)"),
              100 * kOutputPrice + 100 * kInputPrice);
    EXPECT_EQ(
        held_for(R"("input":[{"role":"user","content":[{"type":"input_file","file_url":"x"}]}],)"
                 R"("max_output_tokens":100)"),
        kWindow * kInputPrice + 100 * kOutputPrice);
    EXPECT_EQ(held_for(R"("input":"hi","tools":[{"type":"mcp","server_url":"https://x.test"}])"),
              kOfTheWindow);
}

TEST_F(Budget, HoldsNoMoreInputThanTheModelTakes)
{
    EXPECT_EQ(held_for(R"("input":")" + std::string(4 * kWindow + 4'000, 'x') + '"'), kOfTheWindow);
}

TEST_F(Budget, HoldsToolsAtTheirPrice)
{
    const std::string search = R"("input":"hi","tools":[{"type":"web_search"}])";
    EXPECT_EQ(held_for(search), kOfTheWindow + 10 * 10'000'000);
    EXPECT_EQ(held_for(search + R"(,"max_tool_calls":3)"), kOfTheWindow + 3 * 10'000'000);
    EXPECT_GT(held_for(search + R"(,"max_tool_calls":9000000000000000000)"), kOfTheWindow);
}

TEST_F(Budget, LetsACodexTurnRunOnASmallBalance)
{
    give(1'500'000'000); // a turn of gpt-5.2 may cost $2
    const std::string fields = R"("input":"hi","tools":[{"type":"web_search"}])";
    auto& first = start(create(fields));
    EXPECT_EQ(heard().size(), 1u);
    EXPECT_EQ(held(), 1'500'000'000);
    auto& second = start(create(fields, "other"));
    until_ended(second);
    expect_error(429, "rate_limit_exceeded");
    EXPECT_TRUE(last_event().contains("headers"));
    EXPECT_EQ(test.rooms.metrics.budget_waits.value(), 1);
    for (const std::string& event : {kCreated, kDelta, kCompleted})
        say(event);
    end(first);
    EXPECT_EQ(held(), 1'950'000); // its bill

    auto& third = start(create(fields, "other"));
    EXPECT_EQ(held(), 1'500'000'000); // of it, a bill
    stop(third);
}

TEST_F(Budget, RefusesForGoodWhatIsSpent)
{
    test.state->budgets().report("user/alice", {1, {5'000'000'000}}, {});
    give(5'000'000'000);
    auto& turn = start(create(R"("input":"hi")"));
    until_ended(turn);
    expect_error(429, "insufficient_quota");
    EXPECT_FALSE(last_event().contains("headers"));
    EXPECT_EQ(test.rooms.metrics.budget_refusals.value(), 1);
}

TEST_F(Budget, LeavesNoHoldOfTheKeyWhereTheUserIsRefused)
{
    test.config.keys[0].quota = core::NanoUsd{1'000'000'000};
    test.state->budgets().report("user/alice", {1, {5'000'000'000}}, {});
    give(5'000'000'000);
    auto& turn = start(create(R"("input":"hi")"));
    until_ended(turn);
    expect_error(429, "insufficient_quota");
    EXPECT_EQ(held("key/a"), 0);
}

TEST_F(Budget, HoldsWithBothWhereOneRunsAlone)
{
    test.config.keys[0].quota = core::NanoUsd{1'000'000'000};
    give(1'000'000'000'000);
    auto& turn = start(create(R"("input":"hi","tools":[{"type":"code_interpreter"}])"));
    EXPECT_EQ(held("key/a"), 1'000'000'000);
    EXPECT_EQ(held(), kOfTheWindow);
    stop(turn);
}

TEST_F(Budget, IsChargedWhereTheJournalFailsAndServingGoesOn)
{
    test.config.usage.journal.on_failure = config::OnJournalFailure::keep_serving;
    give(1'000'000'000'000);
    test.journal.is_broken = true;
    auto& turn = start(create(R"("input":"hi")"));
    for (const std::string& event : {kCreated, kDelta, kCompleted})
        say(event);
    end(turn);
    EXPECT_EQ(held(), 1'950'000);
}

} // namespace
} // namespace turngate::gateway::test
