#include "turngate/state/slots.hpp"

#include "fakes/run.hpp"
#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

namespace turngate::state {
namespace {

constexpr unsigned kLimit = 3;

struct Counts
{
    std::atomic<unsigned> running{0};
    std::atomic<unsigned> most_running{0};
    std::atomic<unsigned> granted{0};
    std::atomic<unsigned> stopped{0};
    std::atomic<unsigned> timed_out{0};
};

// A loop on a thread of its own with turns that come, wait, run and are stopped as chance will have
// it.
class Crowd
{
public:
    Crowd(unsigned index, std::shared_ptr<Slots> slots, Counts& counts)
        : loop_(index), slots_(std::move(slots)), counts_(counts), random_(index)
    {
    }

    void run(int turns, int at_once)
    {
        turns_left_ = turns;
        for (int i = 0; i < at_once; ++i)
            tasks_.spawn("turns", take_turns());
        tasks_.spawn("end", end());
        loop_.run();
    }

private:
    net::Task<> take_turns()
    {
        while (turns_left_-- > 0) {
            net::Stop stop;
            net::Event breath(loop_);
            const auto chance = random_() % 4;
            if (chance == 0) // stopped while it waits, or in the moment of the grant
                loop_.post([&stop] { stop.request({core::FaultCode::client_gone, {}, "test"}); });
            auto slot = co_await slots_->acquire(loop_, fakes::later(), stop);
            count(slot);
            if (slot && chance != 1)
                co_await breath.wait_until(core::Clock::now() +
                                           std::chrono::microseconds(random_() % 50));
            if (slot)
                --counts_.running;
            if (chance == 0) // `stop` must outlive the handler that requests it
                co_await until_stopped(stop);
        }
    }

    net::Task<> until_stopped(net::Stop& stop)
    {
        while (!stop.requested()) {
            net::Event breath(loop_);
            co_await breath.wait_until(core::Clock::now() + std::chrono::microseconds(10));
        }
    }

    void count(const core::Result<Slot>& slot)
    {
        if (slot) {
            ++counts_.granted;
            const unsigned now = ++counts_.running;
            unsigned most = counts_.most_running;
            while (now > most && !counts_.most_running.compare_exchange_weak(most, now)) {
            }
        } else if (slot.error().code == core::FaultCode::client_gone) {
            ++counts_.stopped;
        } else {
            ++counts_.timed_out;
        }
    }

    net::Task<> end()
    {
        while (tasks_.running() > 1) {
            net::Event breath(loop_);
            co_await breath.wait_until(fakes::in(std::chrono::milliseconds(1)));
        }
        loop_.post([this] { loop_.stop(); });
    }

    net::Loop loop_;
    std::shared_ptr<Slots> slots_;
    Counts& counts_;
    std::minstd_rand random_;
    int turns_left_ = 0;
    net::TaskGroup tasks_{loop_};
};

TEST(SlotsOnTwoLoops, LoseNoneInTenThousandTurns)
{
    constexpr int kTurns = 5'000;
    const auto slots = std::make_shared<Slots>(kLimit, 1'000);
    Counts counts;
    Crowd first(1, slots, counts), second(2, slots, counts);
    std::thread other([&] { second.run(kTurns, 8); });
    first.run(kTurns, 8);
    other.join();

    EXPECT_EQ(counts.granted + counts.stopped, 2u * kTurns);
    EXPECT_EQ(counts.timed_out, 0u);
    EXPECT_GT(counts.granted, 0u);
    EXPECT_GT(counts.stopped, 0u);
    EXPECT_LE(counts.most_running, kLimit);
    EXPECT_EQ(slots->used(), 0u);
    EXPECT_EQ(slots->waiting(), 0u);
}

TEST(SlotsOnTwoLoops, PassFromOneToTheOther)
{
    const auto slots = std::make_shared<Slots>(1, 10);
    ASSERT_TRUE(slots->try_acquire());
    std::optional<Slot> ours(std::in_place, slots);
    net::Loop theirs(1);
    net::Stop stop;
    std::atomic<bool> has_slot = false;
    std::thread other([&] {
        auto slot = fakes::run(theirs, slots->acquire(theirs, fakes::later(), stop));
        has_slot = slot.has_value();
    });
    while (slots->waiting() == 0)
        std::this_thread::yield();
    ours.reset();
    other.join();
    EXPECT_TRUE(has_slot);
    EXPECT_EQ(slots->used(), 0u);
}

// One slot, two threads that hold it for no time at all: who begins to wait just as it is given
// back must not sleep.
TEST(SlotsOnTwoLoops, WakeWhoeverBeginsToWaitAsTheLastOneIsGivenBack)
{
    const auto slots = std::make_shared<Slots>(1, 10);
    std::atomic<int> timed_out = 0;
    const auto hammer = [&](unsigned index) {
        net::Loop loop(index);
        net::Stop stop;
        for (int i = 0; i < 20'000 && timed_out == 0; ++i) {
            const auto slot =
                fakes::run(loop, slots->acquire(loop, fakes::in(std::chrono::seconds(2)), stop));
            timed_out += !slot;
        }
    };
    std::thread other(hammer, 1u);
    hammer(2);
    other.join();
    EXPECT_EQ(timed_out, 0);
    EXPECT_EQ(slots->used(), 0u);
}

} // namespace
} // namespace turngate::state
