#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

#include "gateways.hpp"

#include <algorithm>
#include <random>

namespace turngate::state::test {
namespace {

using core::FaultCode;
using fakes::in;
using fakes::later;

// Turns of one gateway that want a slot, by number.
class Turns
{
public:
    Turns(net::Loop& loop, std::shared_ptr<Slots> its_slots)
        : slots(std::move(its_slots)), loop_(loop)
    {
    }
    ~Turns()
    {
        held.clear();
        for (auto& [number, stop] : stops_)
            stop.request({FaultCode::client_gone, {}, "the test is over"});
        fakes::until(loop_, [&] { return tasks_.running() == 0; });
    }

    void want(int number, core::Deadline deadline = later())
    {
        tasks_.spawn("turn", take(number, deadline));
    }
    void try_for(int number) { tasks_.spawn("turn", try_take(number)); }
    void stop(int number) { stops_[number].request({FaultCode::client_gone, {}, "test"}); }

    void until_holds(int number)
    {
        fakes::until(loop_, [&] { return held.contains(number); });
    }
    FaultCode until_refused(int number)
    {
        fakes::until(loop_, [&] { return refused.contains(number); });
        return refused[number];
    }
    void until_waiting(unsigned count)
    {
        fakes::until(loop_, [&] { return slots->waiting() == count; });
    }

    std::shared_ptr<Slots> slots;
    std::map<int, Slot> held;
    std::vector<int> order;
    std::map<int, FaultCode> refused;

private:
    net::Task<> take(int number, core::Deadline deadline)
    {
        auto slot = co_await slots->acquire(loop_, deadline, stops_[number]);
        keep(number, std::move(slot));
    }
    net::Task<> try_take(int number)
    {
        auto slot = co_await slots->try_acquire(loop_);
        keep(number, std::move(slot));
    }
    void keep(int number, core::Result<Slot> slot)
    {
        if (!slot) {
            refused.emplace(number, slot.error().code);
            return;
        }
        held.emplace(number, std::move(*slot));
        order.push_back(number);
    }

    net::Loop& loop_;
    std::map<int, net::Stop> stops_;
    net::TaskGroup tasks_{loop_};
};

class SlotContract : public testing::TestWithParam<Backend>
{
protected:
    SlotContract() : gateway_(gateway_of(loop_, GetParam())) { gateway_.until_up(); }

    std::shared_ptr<Slots> slots(unsigned limit, unsigned max_waiting)
    {
        return gateway_.state->slots("user/alice", limit, max_waiting);
    }

    net::Loop loop_{0};
    Gateway gateway_;
};

TEST_P(SlotContract, AreGivenInTheOrderOfAsking)
{
    Turns turns(loop_, slots(2, 40));
    std::vector<int> everyone;
    for (int i = 0; i < 40; ++i) {
        turns.want(i);
        fakes::settle(loop_);
        everyone.push_back(i);
    }
    for (int i = 0; i < 40; ++i) {
        turns.until_holds(i);
        EXPECT_LE(turns.held.size(), 2u);
        turns.held.erase(i);
    }
    EXPECT_EQ(turns.order, everyone);
    fakes::until(loop_, [&] { return turns.slots->used() == 0; });
}

TEST_P(SlotContract, WithoutALimitAreAlwaysThere)
{
    Turns turns(loop_, slots(0, 0));
    for (int i = 0; i < 100; ++i) {
        turns.want(i);
        turns.until_holds(i);
    }
    EXPECT_EQ(turns.slots->used(), 100u);
}

TEST_P(SlotContract, AreThereWithoutAQueueWhenThereIsRoom)
{
    Turns turns(loop_, slots(3, 0));
    for (int i = 0; i < 4; ++i)
        turns.want(i);
    EXPECT_EQ(turns.until_refused(3), FaultCode::rate_limited);
    for (int i = 0; i < 3; ++i)
        turns.until_holds(i);
}

TEST_P(SlotContract, RefuseWhoeverFindsTheQueueFull)
{
    Turns turns(loop_, slots(1, 2));
    turns.want(0);
    turns.until_holds(0);
    for (int i = 1; i < 4; ++i)
        turns.want(i);
    EXPECT_EQ(turns.until_refused(3), FaultCode::rate_limited);
    turns.held.erase(0);
    turns.until_holds(1);
    turns.want(4); // there is a place again
    turns.until_waiting(2);
}

TEST_P(SlotContract, RefuseAtTheDeadlineAndForgetTheWaiter)
{
    Turns turns(loop_, slots(1, 10));
    turns.want(0);
    turns.until_holds(0);
    turns.want(1, in(std::chrono::milliseconds(30)));
    EXPECT_EQ(turns.until_refused(1), FaultCode::rate_limited);
    EXPECT_EQ(turns.slots->waiting(), 0u);
    turns.want(2);
    turns.held.erase(0);
    turns.until_holds(2);
}

TEST_P(SlotContract, LoseAStoppedWaiterAtOnce)
{
    Turns turns(loop_, slots(1, 10));
    turns.want(0);
    turns.until_holds(0);
    turns.want(1);
    turns.want(2);
    turns.until_waiting(2);
    turns.stop(1);
    EXPECT_EQ(turns.until_refused(1), FaultCode::client_gone);
    EXPECT_EQ(turns.slots->waiting(), 1u);
    turns.held.erase(0);
    turns.until_holds(2);
}

TEST_P(SlotContract, ComeBackFromAWaiterThatIsStoppedWhileTheyAreAskedFor)
{
    Turns turns(loop_, slots(1, 10));
    for (int i = 0; i < 10; ++i) {
        turns.want(i);
        turns.stop(i); // before the answer can be there
    }
    turns.want(10);
    fakes::until(loop_, [&] {
        std::erase_if(turns.held, [](const auto& each) { return each.first < 10; });
        return turns.held.contains(10);
    });
    turns.held.clear();
    fakes::until(loop_, [&] { return turns.slots->used() == 0; });
}

TEST_P(SlotContract, MayBeTriedForWhileNobodyWaits)
{
    Turns turns(loop_, slots(1, 10));
    turns.try_for(0);
    turns.until_holds(0);
    turns.try_for(1);
    EXPECT_EQ(turns.until_refused(1), FaultCode::rate_limited);
    turns.want(2);
    turns.until_waiting(1);
    turns.held.erase(0);
    turns.until_holds(2);
    turns.held.erase(2);
    turns.try_for(3);
    turns.until_holds(3);
}

TEST_P(SlotContract, OfTwoNamesAreTwoThings)
{
    Turns alice(loop_, slots(1, 0)), bob(loop_, gateway_.state->slots("user/bob", 1, 0));
    alice.want(0);
    bob.want(0);
    alice.until_holds(0);
    bob.until_holds(0);
}

TEST_P(SlotContract, OfOneUserWithAThousandClientsKeepTheirOrderAndNeverExceedTheLimit)
{
    constexpr int kClients = 1'000;
    constexpr unsigned kConcurrency = 8;
    Turns turns(loop_, slots(kConcurrency, kClients));
    for (int i = 0; i < kClients; ++i)
        turns.want(i);
    std::minstd_rand random(1);
    fakes::until(loop_, [&] {
        EXPECT_LE(turns.held.size(), kConcurrency);
        turns.stop(static_cast<int>(random() % kClients)); // a client leaves, waiting or not
        if (!turns.held.empty())
            turns.held.erase(std::next(turns.held.begin(), random() % turns.held.size()));
        return turns.order.size() + turns.refused.size() == kClients;
    });
    EXPECT_TRUE(std::ranges::is_sorted(turns.order));
    EXPECT_GT(turns.order.size(), 100u);
    turns.held.clear();
    fakes::until(loop_, [&] { return turns.slots->used() == 0; });
    EXPECT_EQ(turns.slots->waiting(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Contract, SlotContract, kEveryBackend, [](const auto& info) {
    return name_of(info.param);
});

// Two gateways, one Redis. They share a loop: it is all the same to them.
class SharedSlots : public testing::Test
{
protected:
    static constexpr std::chrono::milliseconds kShortLease{600};

    RedisOptions options(std::string instance, std::chrono::milliseconds lease = kShortLease)
    {
        return {.redis = server_.config(), .instance = std::move(instance), .lease = lease};
    }
    std::string members() const
    {
        return server_.command({"ZRANGE", "tg:1:{slot:account/main}:held", "0", "-1"});
    }

    net::Loop loop_{0};
    fakes::RedisServer& server_ = server_of(Backend::redis);
};

std::shared_ptr<Slots> slots_of(Gateway& gateway, unsigned limit)
{
    return gateway.state->slots("account/main", limit, 100);
}

TEST_F(SharedSlots, AreCountedOverBothGateways)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    Turns here(loop_, slots_of(first, 3)), there(loop_, slots_of(second, 3));
    here.want(0);
    here.want(1);
    here.until_holds(1);
    there.want(0);
    there.want(1);
    there.until_holds(0);
    there.try_for(2);
    EXPECT_EQ(there.until_refused(2), FaultCode::rate_limited);
    EXPECT_FALSE(there.held.contains(1));

    const auto before = core::Clock::now();
    here.held.erase(0); // the other hears of it
    there.until_holds(1);
    EXPECT_LT(core::Clock::now() - before, std::chrono::milliseconds(900)); // not by its retry
}

TEST_F(SharedSlots, GoToWhoeverWaitsLongestOnEitherGateway)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    Turns here(loop_, slots_of(first, 1)), there(loop_, slots_of(second, 1));
    here.want(0);
    here.until_holds(0);
    there.want(1);
    there.until_waiting(1);
    net::Event a_while(loop_);
    fakes::run(loop_, a_while.wait_until(in(std::chrono::milliseconds(20))));
    here.want(2); // later, but where the slot is given back
    here.until_waiting(1);
    here.held.erase(0);
    there.until_holds(1);
    EXPECT_FALSE(here.held.contains(2));
    there.held.erase(1);
    here.until_holds(2);
}

TEST_F(SharedSlots, StarveNobodyWhileTheOtherGatewayIsBusy)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    Turns busy(loop_, slots_of(first, 1)), patient(loop_, slots_of(second, 1));
    for (int i = 0; i < 50; ++i)
        busy.want(i);
    busy.until_holds(0);
    patient.want(0);
    patient.until_waiting(1);
    int done = 0;
    fakes::until(loop_, [&] {
        done += static_cast<int>(busy.held.size());
        busy.held.clear();
        return patient.held.contains(0);
    });
    EXPECT_LE(done, 50); // those that came before it, at most
}

TEST_F(SharedSlots, OfADeadGatewayAreFreeWhenTheirLeaseEnds)
{
    server_.command(
        {"EVAL",
         "local t = redis.call('TIME') "
         "return redis.call('ZADD', KEYS[1], t[1] * 1000 + t[2] / 1000 + 500, 'dead/1:0:1')",
         "1",
         "tg:1:{slot:account/main}:held"});
    Gateway alive(loop_, options("alive"));
    alive.until_up();
    Turns turns(loop_, slots_of(alive, 1));
    turns.try_for(0);
    EXPECT_EQ(turns.until_refused(0), FaultCode::rate_limited);
    turns.want(1);
    turns.until_holds(1);
}

TEST_F(SharedSlots, OfAGatewayThatWasKilledAreFreeAsSoonAsItIsBack)
{
    constexpr std::chrono::hours kEver(1);
    server_.command({"ZADD", "tg:1:{slot:account/main}:held", "9e15", "gate%20one:dead:0:1"});
    server_.command({"ZADD", "tg:1:{slot:account/main}:held", "9e15", "gate%20one/x:0:1"});
    server_.command({"SADD", "tg:1:{instance:gate%20one}:slots", "account/main"});
    Gateway waiting(loop_, options("waiting", kEver));
    waiting.until_up();
    Turns turns(loop_, slots_of(waiting, 2));
    turns.want(0);
    turns.until_waiting(1);
    Gateway restarted(loop_, options("gate one", kEver));
    turns.until_holds(0);
    EXPECT_NE(members().find("gate%20one/x:0:1"), std::string::npos); // nobody else's
}

TEST_F(SharedSlots, OfAGatewayThatEndsAreFreeAtOnce)
{
    constexpr std::chrono::hours kEver(1);
    Gateway waiting(loop_, options("waiting", kEver)), ending(loop_, options("ending", kEver));
    waiting.until_up();
    ending.until_up();
    Turns turns(loop_, slots_of(waiting, 1));
    {
        Turns its(loop_, slots_of(ending, 1));
        its.want(0);
        its.until_holds(0);
        turns.want(0);
        turns.until_waiting(1);
    }
    ending.finish();
    turns.until_holds(0);
}

TEST_F(SharedSlots, MayBeGivenBackAfterEverythingElseIsGone)
{
    std::shared_ptr<Slots> slots;
    std::optional<Slot> slot;
    {
        net::Loop loop(1);
        Gateway gateway(loop, options("one"));
        gateway.until_up();
        slots = slots_of(gateway, 1);
        slot.emplace(*fakes::run(loop, slots->try_acquire(loop)));
        gateway.finish();
    }
    slot.reset();
    EXPECT_EQ(slots->used(), 0u);
}

TEST_F(SharedSlots, OfALiveGatewayAreRenewed)
{
    Gateway first(loop_, options("one")), second(loop_, options("two"));
    first.until_up();
    second.until_up();
    Turns here(loop_, slots_of(first, 1)), there(loop_, slots_of(second, 1));
    here.want(0);
    here.until_holds(0);
    there.want(0, in(kShortLease * 3));
    EXPECT_EQ(there.until_refused(0), FaultCode::rate_limited);
    EXPECT_NE(members(), "");
}

} // namespace
} // namespace turngate::state::test
