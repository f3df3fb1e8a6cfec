#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

#include "budget_questions.hpp"

#include <atomic>
#include <barrier>
#include <thread>

namespace turngate::state::test {
namespace {

using namespace std::chrono_literals;
using core::NanoUsd;

constexpr const char* kAlice = "user/alice";
constexpr const char* kKey = "tg:1:{budget:user/alice}";
constexpr std::chrono::hours kEver(1);

// Two gateways, one Redis. They share a loop: it is all the same to them.
class SharedBudgets : public testing::Test
{
protected:
    static constexpr std::chrono::milliseconds kShortLease{600};

    RedisOptions options(std::string instance, std::chrono::milliseconds lease = kEver)
    {
        return {.redis = server_.config(), .instance = std::move(instance), .lease = lease};
    }
    std::optional<Hold> hold(Gateway& gateway, std::int64_t limit, std::int64_t amount)
    {
        std::string id = "turn_" + std::to_string(++turns_);
        return whole(
            fakes::run(loop_, gateway.state->budgets().hold(request(kAlice, limit, id, amount))),
            amount);
    }
    void charge(Gateway& gateway, std::string uid, std::int64_t cost)
    {
        hold(gateway, 1'000'000, 0)->charge({std::move(uid), {cost}});
    }
    void report(Gateway& gateway, Spending spent, const std::vector<std::string>& uids = {})
    {
        gateway.state->budgets().report(kAlice, spent, uids);
    }
    // Exactly so much fits under 100.
    void expect_room(Gateway& gateway, std::int64_t amount)
    {
        until_told(loop_, gateway);
        EXPECT_FALSE(hold(gateway, 100, amount + 1));
        EXPECT_TRUE(hold(gateway, 100, amount));
        until_told(loop_, gateway);
    }
    void until_redis_has(const std::string& claims)
    {
        fakes::until(loop_, [&] { return server_.command({"HGET", kKey, "held"}) == claims; });
    }

    net::Loop loop_{0};
    fakes::RedisServer server_;
    int turns_ = 0;
};

TEST_F(SharedBudgets, AreCountedOverBothGateways)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    auto here = hold(first, 100, 60);
    ASSERT_TRUE(here);
    EXPECT_FALSE(hold(second, 100, 41));
    const auto there = hold(second, 100, 40);
    EXPECT_TRUE(there);
    EXPECT_FALSE(hold(first, 100, 1));
    here.reset();
    until_told(loop_, first);
    EXPECT_FALSE(hold(second, 100, 61));
    EXPECT_TRUE(hold(second, 100, 60));
}

TEST_F(SharedBudgets, LeaveNothingOfWhatWasRefused)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    auto here = hold(first, 100, 100);
    EXPECT_FALSE(hold(second, 100, 80));
    here.reset();
    until_told(loop_, first);
    expect_room(second, 100); // also by its own count
}

TEST_F(SharedBudgets, CountAChargeEverywhereUntilItIsReported)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    charge(first, "r1", 30);
    until_told(loop_, first);
    expect_room(second, 70);
    report(first, {1, {30}}, {"r1"});
    until_told(loop_, first);
    expect_room(second, 70); // which has no word of its own yet
    report(second, {1, {30}});
    expect_room(second, 70);
}

// Whenever the other looks: the charges and the word come to the same.
TEST_F(SharedBudgets, ChangeAChargeForTheWordWithoutAGap)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    for (int i = 1; i <= 50; ++i) {
        const std::string uid = "r" + std::to_string(i);
        charge(first, uid, 10);
        until_told(loop_, first);
        report(first, {i, {10 * i}}, {uid});
        for (int look = 0; look < 5; ++look) {
            EXPECT_FALSE(hold(second, 10 * i, 1));
            EXPECT_TRUE(hold(second, 10 * i, 0));
        }
    }
}

TEST_F(SharedBudgets, BelieveTheHigherRevisionOfBoth)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    report(first, {5, {70}});
    expect_room(first, 30);
    report(second, {4, {10}}); // it looked earlier
    expect_room(second, 30);
    report(second, {6, {20}}); // and now later: something was given back
    expect_room(second, 80);
    EXPECT_TRUE(hold(first, 100, 80)); // more than it knows of
    const auto here = hold(first, 100, 10);
    EXPECT_FALSE(hold(first, 100, 21)); // beside others it goes by what it knows, first
}

TEST_F(SharedBudgets, KnowABillThatIsReportedBeforeItsCharge)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    auto turn = hold(first, 100, 50);
    turn->charge({"r1", {30}});
    report(second, {1, {30}}, {"r1"}); // whoever has it from the journal
    until_told(loop_, second);
    turn.reset();
    until_told(loop_, first);
    expect_room(second, 70);
}

TEST_F(SharedBudgets, OfADeadGatewayAreFreeWhenTheirLeaseEnds)
{
    Gateway dead(loop_, options("dead", kShortLease)), alive(loop_, options("alive"));
    dead.until_up();
    alive.until_up();
    charge(dead, "r1", 30);
    const auto turn = hold(dead, 100, 70);
    ASSERT_TRUE(turn);
    dead.finish();
    EXPECT_FALSE(hold(alive, 100, 1));
    fakes::until(loop_, [&] { return hold(alive, 100, 70).has_value(); });
    EXPECT_FALSE(hold(alive, 100, 71)); // what it charged is in its journal
    report(alive, {1, {30}}, {"r1"});
    until_told(loop_, alive);
    expect_room(alive, 70);
}

TEST_F(SharedBudgets, OfALiveGatewayAreRenewed)
{
    Gateway first(loop_, options("one", kShortLease)), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    const auto turn = hold(first, 100, 60);
    const auto until = core::Clock::now() + 3 * kShortLease;
    while (core::Clock::now() < until)
        ASSERT_FALSE(hold(second, 100, 41));
    EXPECT_TRUE(hold(second, 100, 40));
}

TEST_F(SharedBudgets, AreCountedByEachWhileRedisIsAway)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    charge(first, "r1", 10);
    const auto before = hold(first, 100, 20);
    server_.kill();
    charge(first, "r2", 15);
    const auto during = hold(first, 100, 25);
    ASSERT_TRUE(during);
    EXPECT_FALSE(hold(first, 100, 31));
    EXPECT_TRUE(hold(second, 100, 90)); // it knows nothing of them
    first.until_down();
    second.until_down();
    charge(first, "r3", 5);

    server_.start(); // and it has lost everything
    first.until_up();
    second.until_up();
    until_redis_has("75");
    expect_room(second, 25);
}

TEST_F(SharedBudgets, AreRightAgainWhenRedisComesBackWithWhatItKnew)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    charge(first, "r1", 10);
    auto ended = hold(first, 100, 20);
    until_told(loop_, first);
    server_.pause();
    ended->charge({"r2", {15}});
    ended.reset(); // said to a Redis that does not listen
    first.until_down();
    report(first, {1, {10}}, {"r1"}); // said to nobody
    charge(first, "r3", 5);
    server_.resume();
    first.until_up();
    second.until_up();
    until_redis_has("20");
    expect_room(second, 70);
}

TEST_F(SharedBudgets, AreToldAgainWhenRedisWasFlushed)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    report(first, {1, {20}});
    charge(first, "r1", 10);
    const auto turn = hold(first, 100, 30);
    // Both have left their mark, by which they see that all is gone.
    fakes::until(loop_,
                 [&] { return server_.command({"EXISTS", "tg:1:{instance:one}:seen"}) == "1"; });
    server_.clear();
    until_redis_has("40");
    expect_room(second, 40);
}

TEST_F(SharedBudgets, AreToldAgainHoweverManyThereAre)
{
    RedisOptions patient = options("one");
    patient.redis.timeout = 2s; // sanitizers
    Gateway first(loop_, patient);
    first.until_up();
    const auto turn = hold(first, 1'000'000, 7);
    for (int i = 0; i < 60; ++i) {
        auto many = hold(first, 1'000'000, 0);
        for (int bill = 0; bill < 50; ++bill)
            many->charge({"r" + std::to_string(50 * i + bill), {1}});
    }
    until_redis_has("3007");
    server_.kill();
    first.until_down();
    server_.start();
    until_redis_has("3007");
}

TEST_F(SharedBudgets, TellWhatIsHeldInBothGateways)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    const auto turn = hold(first, 100, 60);
    charge(second, "r1", 7);
    until_told(loop_, second);
    const std::vector<std::string> subjects{"user/nobody", kAlice};
    EXPECT_EQ(held_of(loop_, first, subjects), (Sums{{0}, {67}}));
    EXPECT_EQ(held_of(loop_, second, subjects), (Sums{{0}, {67}}));
    server_.pause();
    const auto before = core::Clock::now();
    EXPECT_EQ(held_of(loop_, second, subjects), (Sums{{0}, {7}}));
    EXPECT_LT(core::Clock::now() - before, 2s);
    first.until_down();
    second.until_down();
    EXPECT_EQ(held_of(loop_, first, subjects), (Sums{{0}, {60}}));
    server_.resume();
    first.until_up();
    EXPECT_EQ(held_of(loop_, first, subjects), (Sums{{0}, {67}}));
}

TEST_F(SharedBudgets, OfAThousandSubjectsAreAskedForWithoutLosingRedis)
{
    Gateway gateway(loop_, options("one"));
    gateway.until_up();
    std::vector<std::string> subjects;
    for (int i = 0; i < 1'000; ++i)
        subjects.push_back("user/" + std::to_string(i));
    subjects.push_back(kAlice);
    const auto turn = hold(gateway, 100, 60);
    EXPECT_EQ(held_of(loop_, gateway, subjects).back(), NanoUsd{60});
    EXPECT_EQ(gateway.state->health().late, 0u);
}

TEST_F(SharedBudgets, AreNotToldWhenNothingIsNew)
{
    Gateway gateway(loop_, options("one"));
    gateway.until_up();
    until_told(loop_, gateway);
    for (int i = 0; i < 3; ++i)
        for (int user = 0; user < 1'000; ++user)
            gateway.state->budgets().report("user/" + std::to_string(user), {i, {i}}, {});
    until_told(loop_, gateway);
    EXPECT_LT(gateway.state->health().operations, 200u);
}

TEST_F(SharedBudgets, SurviveForgottenScripts)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    server_.command({"SCRIPT", "FLUSH"});
    charge(first, "r1", 30);
    report(first, {1, {30}}, {"r1"});
    auto turn = hold(first, 100, 20);
    until_redis_has("20");
    server_.command({"SCRIPT", "FLUSH"});
    turn.reset();
    until_redis_has("0");
    expect_room(second, 70);
}

TEST_F(SharedBudgets, AreSettledFromAnyThread)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    auto turn = hold(first, 100, 50);
    turn->charge({"r1", {30}});
    until_redis_has("50");
    std::thread([turn = std::move(turn)]() mutable { turn.reset(); }).join();
    until_redis_has("30");
    expect_room(second, 70);
}

TEST_F(SharedBudgets, MayBeSettledAfterEverythingElseIsGone)
{
    std::optional<Hold> turn;
    {
        net::Loop loop(1);
        Gateway gateway(loop, options("one"));
        gateway.until_up();
        turn.emplace(
            *fakes::run(loop, gateway.state->budgets().hold(request(kAlice, 100, "turn_0", 60))));
        turn->charge({"r1", {30}});
        gateway.finish();
    }
    turn.reset();
    until_redis_has("60"); // nobody was told; the lease ends
}

// A gateway with two loops, each on its thread.
class TwoLoops
{
public:
    explicit TwoLoops(RedisOptions options)
        : state_(make_redis_state(std::move(options), {&loops_[0], &loops_[1]}))
    {
    }

    // Runs on each of the loops' threads.
    std::optional<Hold> hold_one(unsigned index, int turns)
    {
        net::Loop& loop = loops_[index];
        std::vector<std::optional<core::Result<Hold>>> asked(static_cast<std::size_t>(turns));
        net::TaskGroup tasks(loop);
        for (auto& each : asked) {
            std::string id = "turn_" + std::to_string(++ids);
            tasks.spawn("turn",
                        fakes::keep(state_->budgets().hold(request(kAlice, 100, id, 51)), each));
        }
        fakes::until(loop, [&] { return tasks.running() == 0; });
        std::optional<Hold> held;
        for (auto& each : asked)
            if (*each && ++granted == 1)
                held.emplace(std::move(**each));
        return held;
    }
    void start(unsigned index)
    {
        state_->start(loops_[index]);
        fakes::until(loops_[index], [&] { return state_->health().loops_up == 2; });
    }
    void finish(unsigned index) { fakes::run(loops_[index], state_->finish(loops_[index])); }

    static inline std::atomic<int> ids = 0;
    static inline std::atomic<int> granted = 0;

private:
    net::Loop loops_[2] = {net::Loop{0}, net::Loop{1}};
    std::unique_ptr<State> state_;
};

TEST_F(SharedBudgets, GiveOneOfThirtyTwoTurnsTheOnlyPlace)
{
    expect_comings_and_goings();
    TwoLoops::granted = 0;
    TwoLoops first(options("one")), second(options("two"));
    std::barrier together(4);
    const auto run = [&](TwoLoops& gateway, unsigned index) {
        gateway.start(index);
        together.arrive_and_wait();
        const auto held = gateway.hold_one(index, 8);
        together.arrive_and_wait();
        gateway.finish(index);
    };
    std::vector<std::thread> threads;
    for (TwoLoops* gateway : {&first, &second})
        for (unsigned index : {0u, 1u})
            threads.emplace_back([&run, gateway, index] { run(*gateway, index); });
    for (std::thread& each : threads)
        each.join();
    EXPECT_EQ(TwoLoops::granted, 1);
}

} // namespace
} // namespace turngate::state::test
