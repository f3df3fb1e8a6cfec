#include "turngate/net/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include "budget_questions.hpp"

#include <algorithm>
#include <limits>

namespace turngate::state::test {
namespace {

using core::NanoUsd;

constexpr const char* kAlice = "user/alice";

// What every Budgets promises, whatever it is made of.
class BudgetContract : public testing::TestWithParam<Backend>
{
protected:
    BudgetContract() : gateway_(gateway_of(loop_, GetParam())) { gateway_.until_up(); }

    Budgets& budgets() { return gateway_.state->budgets(); }

    std::optional<Hold> hold(std::int64_t limit, std::int64_t amount, std::string subject = kAlice)
    {
        return whole(ask(limit, amount, {}, std::move(subject)), amount);
    }
    core::Result<Hold> ask(std::int64_t limit,
                           std::int64_t amount,
                           std::string asker = {},
                           std::string subject = kAlice)
    {
        std::string id = "turn_" + std::to_string(++turns_);
        return fakes::run(loop_,
                          budgets().hold(request(std::move(subject), limit, id, amount, asker)));
    }
    void expect_fault(core::FaultCode code, const core::Result<Hold>& hold)
    {
        ASSERT_FALSE(hold);
        EXPECT_EQ(hold.error().code, code);
    }
    bool fits(std::int64_t limit, std::int64_t amount) { return hold(limit, amount).has_value(); }
    void charge(std::string uid, std::int64_t cost)
    {
        std::optional<Hold> turn = hold(std::numeric_limits<std::int64_t>::max(), 0);
        turn->charge({std::move(uid), {cost}});
    }
    Sums held(std::vector<std::string> subjects)
    {
        return held_of(loop_, gateway_, std::move(subjects));
    }

    net::Loop loop_{0};
    Gateway gateway_;
    int turns_ = 0;
};

TEST_P(BudgetContract, HoldsWhatFitsToTheLastNanoDollar)
{
    const auto first = hold(100, 60);
    ASSERT_TRUE(first);
    EXPECT_FALSE(hold(100, 41));
    const auto second = hold(100, 40);
    EXPECT_TRUE(second);
    EXPECT_FALSE(hold(100, 1));
    EXPECT_TRUE(hold(100, 0));
    EXPECT_TRUE(hold(100, 100, "user/bob"));
}

TEST_P(BudgetContract, HasRoomAgainWhenATurnEnds)
{
    auto first = hold(100, 100);
    ASSERT_TRUE(first);
    EXPECT_FALSE(hold(100, 1));
    first.reset();
    EXPECT_TRUE(hold(100, 100));
}

TEST_P(BudgetContract, LetsATurnRunAloneOnWhatIsLeft)
{
    budgets().report(kAlice, {1, {50}}, {});
    auto alone = ask(200, 179);
    ASSERT_TRUE(alone);
    EXPECT_EQ(alone->amount(), NanoUsd{150});
    EXPECT_EQ(held({kAlice}), (Sums{{150}}));
    expect_fault(core::FaultCode::rate_limited, ask(200, 1));
    expect_fault(core::FaultCode::rate_limited, ask(200, 179));
    EXPECT_TRUE(ask(200, 0)); // it costs nothing
    alone->charge({"r1", {170}});
    {
        const Hold end = std::move(*alone);
    }
    expect_fault(core::FaultCode::quota_exceeded, ask(200, 1));
    expect_fault(core::FaultCode::quota_exceeded, ask(200, 0)); // overdrawn
    EXPECT_TRUE(ask(221, 1));
}

TEST_P(BudgetContract, TellsSpentFromHeld)
{
    const auto other = hold(100, 60);
    expect_fault(core::FaultCode::rate_limited, ask(100, 41));
    budgets().report(kAlice, {1, {99}}, {});
    expect_fault(core::FaultCode::rate_limited, ask(100, 1));
    budgets().report(kAlice, {2, {100}}, {});
    expect_fault(core::FaultCode::quota_exceeded, ask(100, 1));
}

TEST_P(BudgetContract, KeepsRoomForWhoWasRefusedWhileOthersHeld)
{
    auto small = hold(100, 60);
    expect_fault(core::FaultCode::rate_limited, ask(100, 150, "large"));
    expect_fault(core::FaultCode::rate_limited, ask(100, 10, "small")); // there would be room
    small.reset();
    expect_fault(core::FaultCode::rate_limited, ask(100, 10, "small"));
    {
        const auto large = ask(100, 150, "large");
        ASSERT_TRUE(large);
        EXPECT_EQ(large->amount(), NanoUsd{100});
    }
    EXPECT_TRUE(ask(100, 10, "small"));
}

TEST_P(BudgetContract, LetsOthersHoldBesideWhatIsKept)
{
    auto first = hold(100, 60);
    expect_fault(core::FaultCode::rate_limited, ask(100, 41, "large"));
    first.reset();
    const auto beside = ask(100, 59, "small");
    EXPECT_TRUE(beside);
    expect_fault(core::FaultCode::rate_limited, ask(100, 1, "small"));
    EXPECT_TRUE(ask(100, 41, "large"));
}

TEST_P(BudgetContract, KnowsWhatTheRepositoryHas)
{
    budgets().report(kAlice, {1, {70}}, {});
    EXPECT_FALSE(hold(100, 31));
    EXPECT_TRUE(hold(100, 30));
    budgets().report(kAlice, {1, {80}}, {}); // of the same revision: the last one
    EXPECT_FALSE(hold(100, 21));
    EXPECT_TRUE(hold(100, 20));
}

TEST_P(BudgetContract, BelievesTheHigherRevision)
{
    budgets().report(kAlice, {5, {70}}, {});
    budgets().report(kAlice, {4, {10}}, {});
    EXPECT_FALSE(hold(100, 31));
    budgets().report(kAlice, {6, {20}}, {}); // the month is over
    EXPECT_TRUE(hold(100, 80));
    EXPECT_FALSE(hold(100, 81));
}

TEST_P(BudgetContract, CountsAChargeUntilItIsReported)
{
    {
        auto turn = hold(100, 90);
        ASSERT_TRUE(turn);
        turn->charge({"r1", {30}});
        turn->charge({"r2", {20}});
    }
    EXPECT_FALSE(hold(100, 51));
    EXPECT_TRUE(hold(100, 50));
    budgets().report(kAlice, {1, {30}}, {"r1"}); // one for the other: no more, no less
    EXPECT_FALSE(hold(100, 51));
    EXPECT_TRUE(hold(100, 50));
    budgets().report(kAlice, {2, {50}}, {"r2", "never_heard_of"});
    EXPECT_FALSE(hold(100, 51));
    EXPECT_TRUE(hold(100, 50));
}

TEST_P(BudgetContract, TakesAnOlderReportsChargesAway)
{
    charge("r1", 30);
    budgets().report(kAlice, {5, {30}}, {}); // has r1 in it, but does not say so
    EXPECT_FALSE(hold(100, 41));
    budgets().report(kAlice, {4, {10}}, {"r1"});
    EXPECT_TRUE(hold(100, 70));
    EXPECT_FALSE(hold(100, 71));
}

TEST_P(BudgetContract, CountsABillOnceThatIsReportedBeforeItsTurnHasEnded)
{
    {
        auto turn = hold(100, 50);
        ASSERT_TRUE(turn);
        turn->charge({"r1", {30}});
        budgets().report(kAlice, {1, {30}}, {"r1"});
    }
    EXPECT_TRUE(hold(100, 70));
    EXPECT_FALSE(hold(100, 71));
}

TEST_P(BudgetContract, TakesNumbersOfAnySize)
{
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    auto first = hold(kMost, kMost);
    ASSERT_TRUE(first);
    EXPECT_FALSE(hold(kMost, kMost));
    first->charge({"r1", {kMost}});
    first.reset();
    charge("r2", 0);
    EXPECT_FALSE(hold(kMost, 1'000'000));
    EXPECT_EQ(held({kAlice}), (Sums{{kMost}}));
    budgets().report(kAlice, {kMost, {kMost}}, {"r1"});
    EXPECT_FALSE(hold(kMost, 1'000'000));
    budgets().report(kAlice, {kMost, {-1}}, {});
    EXPECT_TRUE(hold(0, 1));
    EXPECT_FALSE(hold(0, 2));
    EXPECT_FALSE(hold(std::numeric_limits<std::int64_t>::min(), 0));
}

TEST_P(BudgetContract, TellsWhatIsHeldOfEachSubject)
{
    EXPECT_TRUE(held({}).empty());
    const auto turn = hold(100, 60);
    const auto other = hold(100, 7, "key/a {key}");
    charge("r1", 30);
    budgets().report(kAlice, {1, {1'000}}, {}); // not of it
    EXPECT_EQ(held({kAlice, "user/nobody", "key/a {key}"}), (Sums{{90}, {0}, {7}}));
}

TEST_P(BudgetContract, LosesTheHoldOfATurnThatIsCancelledWhileItIsAskedFor)
{
    net::asio::cancellation_signal cancel;
    bool is_over = false;
    std::optional<core::Result<Hold>> kept;
    net::asio::co_spawn(
        loop_.executor(),
        fakes::keep(budgets().hold(request(kAlice, 100, "turn_0", 100)), kept),
        net::asio::bind_cancellation_slot(cancel.slot(), [&](const auto&) { is_over = true; }));
    loop_.context().run_one(); // it has begun
    cancel.emit(net::asio::cancellation_type::terminal);
    fakes::until(loop_, [&] { return is_over; });
    kept.reset(); // where it was granted at once
    EXPECT_TRUE(hold(100, 100));
}

TEST_P(BudgetContract, GivesOneOfManyTheOnlyPlace)
{
    std::vector<std::optional<core::Result<Hold>>> turns(32);
    net::TaskGroup tasks(loop_);
    for (std::size_t i = 0; i < turns.size(); ++i) {
        std::string id = "turn_" + std::to_string(i);
        tasks.spawn("turn", fakes::keep(budgets().hold(request(kAlice, 100, id, 51)), turns[i]));
    }
    fakes::until(loop_, [&] { return tasks.running() == 0; });
    EXPECT_EQ(std::ranges::count_if(turns, [](const auto& each) { return each->has_value(); }), 1);
}

TEST_P(BudgetContract, MayBeSettledAfterEverythingElseIsGone)
{
    auto turn = hold(100, 100);
    ASSERT_TRUE(turn);
    turn->charge({"r1", {1}});
    gateway_.finish();
    turn.reset();
}

INSTANTIATE_TEST_SUITE_P(Contract, BudgetContract, kEveryBackend, [](const auto& info) {
    return name_of(info.param);
});

} // namespace
} // namespace turngate::state::test
