#include "turngate/net/task_group.hpp"

#include "fakes/run.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace turngate::net::test {
namespace {

using fakes::later;
using fakes::run;
using fakes::settle;

Task<> wait_for(Event& event)
{
    co_await event.wait_until(later());
}

Task<> fail()
{
    throw std::runtime_error("a bug");
    co_return;
}

Task<> fail_oddly()
{
    throw 42;
    co_return;
}

TEST(TaskGroup, JoinsAtOnceWhenNothingRuns)
{
    Loop loop(0);
    TaskGroup tasks(loop);
    run(loop, tasks.join());
    EXPECT_EQ(tasks.running(), 0u);
}

TEST(TaskGroup, JoinsWhenTheLastTaskHasEnded)
{
    Loop loop(0);
    Event first(loop), second(loop);
    TaskGroup tasks(loop);
    tasks.spawn("first", wait_for(first));
    tasks.spawn("second", wait_for(second));
    EXPECT_EQ(tasks.running(), 2u);

    TaskGroup joining(loop);
    joining.spawn("join", tasks.join());
    first.set();
    settle(loop);
    EXPECT_EQ(tasks.running(), 1u);
    EXPECT_EQ(joining.running(), 1u);
    second.set();
    fakes::until(loop, [&] { return joining.running() == 0; });
    EXPECT_EQ(tasks.running(), 0u);
}

TEST(TaskGroup, JoinsTasksThatWereSpawnedMeanwhile)
{
    Loop loop(0);
    Event first(loop), second(loop);
    TaskGroup tasks(loop), joining(loop);
    tasks.spawn("first", wait_for(first));
    joining.spawn("join", tasks.join());
    settle(loop);
    first.set();
    // The join is woken, but before it runs there is another task.
    while (tasks.running() == 1)
        loop.context().poll_one();
    tasks.spawn("second", wait_for(second));
    settle(loop);
    EXPECT_EQ(joining.running(), 1u);
    second.set();
    fakes::until(loop, [&] { return joining.running() == 0; });
}

TEST(TaskGroup, CountsExceptionsAndGoesOn)
{
    Loop loop(0);
    TaskGroup tasks(loop);
    const auto before = TaskGroup::exceptions();
    tasks.spawn("fails", fail());
    tasks.spawn("fails oddly", fail_oddly());
    run(loop, tasks.join());
    EXPECT_EQ(TaskGroup::exceptions(), before + 2);

    Event event(loop);
    event.set();
    tasks.spawn("works", wait_for(event));
    run(loop, tasks.join());
    EXPECT_EQ(TaskGroup::exceptions(), before + 2);
}

TEST(TaskGroupDeath, AbortsRatherThanLetReferencesDangle)
{
    EXPECT_DEATH(
        {
            Loop loop(0);
            Event event(loop);
            TaskGroup tasks(loop);
            tasks.spawn("waits", wait_for(event));
        },
        "");
}

TEST(Loop, SurvivesAnExceptionInAHandler)
{
    Loop loop(0);
    bool went_on = false;
    loop.post([] { throw std::runtime_error("a bug"); });
    loop.post([&] {
        went_on = true;
        loop.stop();
    });
    loop.run();
    EXPECT_TRUE(went_on);
}

struct Clockwork final : Ticked
{
    void on_tick(core::Deadline) override { ++ticks; }
    int ticks = 0;
};

TEST(Loop, TicksThoseWhoAreThere)
{
    Loop loop(0);
    Clockwork stays;
    loop.tick(stays);
    {
        Clockwork leaves;
        loop.tick(leaves);
        fakes::until(loop, [&] { return leaves.ticks == 1; });
    }
    fakes::until(loop, [&] { return stays.ticks == 2; });
    EXPECT_GE(loop.lag().count(), 0);
}

} // namespace
} // namespace turngate::net::test
