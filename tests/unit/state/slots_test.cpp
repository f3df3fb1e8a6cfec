#include "turngate/state/slots.hpp"

#include "fakes/run.hpp"
#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace turngate::state {
namespace {

using core::FaultCode;
using fakes::in;
using fakes::later;
using fakes::settle;

// Several turns that want a slot, by number.
class Queue
{
public:
    Queue(unsigned limit, unsigned max_waiting) : slots(std::make_shared<Slots>(limit, max_waiting))
    {
    }
    ~Queue()
    {
        for (auto& [number, stop] : stops_)
            stop.request({FaultCode::client_gone, {}, "the test is over"});
        until_done(); // nobody waits any more
    }

    void want(int number, core::Deadline deadline = later())
    {
        tasks_.spawn("turn", take(number, deadline));
        settle(loop);
    }
    void stop(int number) { stops_[number].request({FaultCode::client_gone, {}, "test"}); }
    void give_back(int number)
    {
        held.erase(number);
        settle(loop);
    }
    void until_done()
    {
        fakes::until(loop, [&] { return tasks_.running() == 0; });
    }

    net::Loop loop{0};
    std::shared_ptr<Slots> slots;
    std::map<int, Slot> held;
    std::map<int, FaultCode> refused;

private:
    net::Task<> take(int number, core::Deadline deadline)
    {
        auto slot = co_await slots->acquire(loop, deadline, stops_[number]);
        if (slot)
            held.emplace(number, std::move(*slot));
        else
            refused.emplace(number, slot.error().code);
    }

    std::map<int, net::Stop> stops_;
    net::TaskGroup tasks_{loop};
};

TEST(Slots, AreGivenInTheOrderOfAsking)
{
    Queue queue(2, 10);
    for (int i = 0; i < 5; ++i)
        queue.want(i);
    EXPECT_EQ(queue.held.size(), 2u);
    EXPECT_EQ(queue.slots->used(), 2u);
    EXPECT_EQ(queue.slots->waiting(), 3u);
    queue.give_back(1);
    EXPECT_TRUE(queue.held.contains(2));
    EXPECT_FALSE(queue.held.contains(3));
    queue.give_back(0);
    EXPECT_TRUE(queue.held.contains(3));
    queue.give_back(3);
    EXPECT_TRUE(queue.held.contains(4));
    queue.give_back(2);
    queue.give_back(4);
    EXPECT_EQ(queue.slots->used(), 0u);
    EXPECT_EQ(queue.slots->waiting(), 0u);
}

TEST(Slots, WithoutALimitAreAlwaysThere)
{
    Queue queue(0, 0);
    for (int i = 0; i < 100; ++i)
        queue.want(i);
    EXPECT_EQ(queue.held.size(), 100u);
    EXPECT_EQ(queue.slots->used(), 100u);
    queue.held.clear();
    EXPECT_EQ(queue.slots->used(), 0u);
}

TEST(Slots, RefuseWhoeverFindsTheQueueFull)
{
    Queue queue(1, 2);
    for (int i = 0; i < 4; ++i)
        queue.want(i);
    EXPECT_EQ(queue.slots->waiting(), 2u);
    ASSERT_TRUE(queue.refused.contains(3));
    EXPECT_EQ(queue.refused[3], FaultCode::rate_limited);
    queue.give_back(0);
    queue.want(4); // there is a place again
    EXPECT_FALSE(queue.refused.contains(4));
}

TEST(Slots, RefuseAtTheDeadlineAndForgetTheWaiter)
{
    Queue queue(1, 10);
    queue.want(0);
    queue.want(1, in(std::chrono::milliseconds(30)));
    fakes::until(queue.loop, [&] { return queue.refused.contains(1); });
    EXPECT_EQ(queue.refused[1], FaultCode::rate_limited);
    EXPECT_EQ(queue.slots->waiting(), 0u);
    queue.give_back(0);
    EXPECT_EQ(queue.slots->used(), 0u);
}

TEST(Slots, LoseAStoppedWaiterAtOnce)
{
    Queue queue(1, 10);
    for (int i = 0; i < 3; ++i)
        queue.want(i);
    queue.stop(1);
    settle(queue.loop);
    EXPECT_EQ(queue.refused[1], FaultCode::client_gone);
    EXPECT_EQ(queue.slots->waiting(), 1u);
    queue.give_back(0);
    EXPECT_TRUE(queue.held.contains(2));
}

TEST(Slots, ComeBackFromAWaiterThatWasStoppedInTheSameMoment)
{
    Queue queue(1, 10);
    for (int i = 0; i < 3; ++i)
        queue.want(i);
    queue.held.erase(0); // granted to 1, which has not run yet
    EXPECT_EQ(queue.slots->waiting(), 1u);
    queue.stop(1);
    settle(queue.loop);
    EXPECT_EQ(queue.refused[1], FaultCode::client_gone);
    EXPECT_TRUE(queue.held.contains(2));
    queue.give_back(2);
    EXPECT_EQ(queue.slots->used(), 0u);
}

TEST(Slots, MayBeTriedForWhileNobodyWaits)
{
    Queue queue(1, 10);
    ASSERT_TRUE(queue.slots->try_acquire());
    Slot slot(queue.slots);
    EXPECT_FALSE(queue.slots->try_acquire());
    queue.want(0);
    EXPECT_EQ(queue.slots->waiting(), 1u);
    {
        const Slot given_back = std::move(slot);
    }
    EXPECT_FALSE(queue.slots->try_acquire()); // it went to the one who waited
    settle(queue.loop);
    EXPECT_TRUE(queue.held.contains(0));
}

TEST(Slot, IsGivenBackOnceHoweverItMoves)
{
    const auto slots = std::make_shared<Slots>(3, 0);
    {
        ASSERT_TRUE(slots->try_acquire());
        ASSERT_TRUE(slots->try_acquire());
        Slot first(slots), second(slots);
        Slot moved(std::move(first));
        second = std::move(moved);
        EXPECT_GE(slots->used(), 1u);
    }
    EXPECT_EQ(slots->used(), 0u);
}

} // namespace
} // namespace turngate::state
