#include "turngate/net/event.hpp"

#include "fakes/run.hpp"
#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

using core::FaultCode;
using fakes::in;
using fakes::later;
using fakes::run;
using fakes::settle;

struct Waiting
{
    Loop loop{0};
    Event event{loop};
    Stop stop;
    std::optional<bool> was_set;
    TaskGroup tasks{loop};

    void wait(core::Deadline deadline)
    {
        tasks.spawn("waiter", fakes::keep(event.wait_until(deadline, stop), was_set));
        settle(loop);
    }
    void end()
    {
        fakes::until(loop, [&] { return tasks.running() == 0; });
    }
};

TEST(Event, EndsAWaitWhenItIsSet)
{
    Waiting waiting;
    waiting.wait(core::Deadline::max());
    EXPECT_FALSE(waiting.was_set);
    waiting.event.set();
    waiting.end();
    EXPECT_EQ(waiting.was_set, true);
}

TEST(Event, NeedsNoWaitWhenItWasSetBefore)
{
    Waiting waiting;
    waiting.event.set();
    waiting.wait(later());
    EXPECT_EQ(waiting.was_set, true);
    waiting.event.reset();
    EXPECT_FALSE(waiting.event.is_set());
}

TEST(Event, TellsADeadlineFromASetting)
{
    Waiting waiting;
    waiting.wait(in(std::chrono::milliseconds(30)));
    waiting.end();
    EXPECT_EQ(waiting.was_set, false);
    EXPECT_EQ(run(waiting.loop, waiting.event.wait_until(in(std::chrono::milliseconds(30)))),
              false);
    EXPECT_EQ(run(waiting.loop, waiting.event.wait_until(core::Clock::now())), false);
}

TEST(Event, EndsAWaitWhenAStopIsRequested)
{
    Waiting waiting;
    waiting.wait(later());
    waiting.stop.request({FaultCode::client_gone, {}, "test"});
    waiting.end();
    EXPECT_EQ(waiting.was_set, false);
    EXPECT_EQ(waiting.stop.reason().code, FaultCode::client_gone);
}

TEST(Event, DoesNotWaitWhenTheStopCameFirst)
{
    Waiting waiting;
    waiting.stop.request({FaultCode::client_gone, {}, "test"});
    waiting.wait(later());
    EXPECT_EQ(waiting.was_set, false);
}

TEST(Event, SetInTheMomentOfTheStopIsSet)
{
    Waiting waiting;
    waiting.wait(later());
    waiting.stop.request({FaultCode::client_gone, {}, "test"});
    waiting.event.set();
    waiting.end();
    EXPECT_EQ(waiting.was_set, true);
}

struct Sleeper
{
    void wake() { ++wakes; }
    int wakes = 0;
};
using Slot = Stop::Slot<Sleeper, &Sleeper::wake>;

TEST(Stop, KeepsItsFirstReason)
{
    Stop stop;
    EXPECT_FALSE(stop.requested());
    stop.request({FaultCode::client_gone, {}, "first"});
    stop.request({FaultCode::gateway_draining, {}, "second"});
    EXPECT_TRUE(stop.requested());
    EXPECT_EQ(stop.reason().code, FaultCode::client_gone);
}

TEST(Stop, WakesWhoeverWaitsAtThatMoment)
{
    Stop stop;
    Sleeper outer, inner;
    const Slot outer_slot(stop, outer);
    {
        const Slot inner_slot(stop, inner);
    }
    stop.request({FaultCode::client_gone, {}, "test"});
    EXPECT_EQ(outer.wakes, 1);
    EXPECT_EQ(inner.wakes, 0);
    stop.request({FaultCode::client_gone, {}, "again"});
    EXPECT_EQ(outer.wakes, 1);
}

TEST(Stop, WakesNobodyWhoHasLeft)
{
    Stop stop;
    Sleeper sleeper;
    {
        const Slot slot(stop, sleeper);
    }
    stop.request({FaultCode::client_gone, {}, "test"});
    EXPECT_EQ(sleeper.wakes, 0);
}

} // namespace
} // namespace turngate::net::test
