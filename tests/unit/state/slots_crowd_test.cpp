#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

#include "gateways.hpp"

#include <atomic>
#include <random>
#include <thread>

namespace turngate::state::test {
namespace {

constexpr unsigned kLimit = 3;
constexpr int kTurns = 10'000;
constexpr int kAtOnce = 12; // for each loop

struct Counts
{
    void begin()
    {
        ++granted;
        const unsigned now = ++running;
        unsigned most = most_running;
        while (now > most && !most_running.compare_exchange_weak(most, now)) {
        }
    }

    std::atomic<int> turns_left{kTurns};
    std::atomic<unsigned> running{0};
    std::atomic<unsigned> most_running{0};
    std::atomic<unsigned> granted{0};
    std::atomic<unsigned> stopped{0};
    std::atomic<unsigned> refused{0};
};

// A loop on a thread of its own with turns that come, wait, run and are stopped as chance will have
// it.
class Crowd
{
public:
    Crowd(unsigned index, Counts& counts) : loop(index), counts_(counts), random_(index) {}

    void run(State& state, std::shared_ptr<Slots> slots)
    {
        state.start(loop);
        until_within(loop, std::chrono::seconds(20), [&] { return state.health().is_shared(); });
        slots_ = std::move(slots);
        for (int i = 0; i < kAtOnce; ++i)
            tasks_.spawn("turns", take_turns());
        until_within(loop, std::chrono::seconds(100), [&] { return tasks_.running() == 0; });
        is_done = true;
    }

    net::Loop loop;
    std::atomic<bool> is_done{false};

private:
    net::Task<> take_turns()
    {
        while (counts_.turns_left-- > 0) {
            net::Stop stop;
            net::TaskGroup gone(loop);
            const auto chance = random_() % 4;
            if (chance == 0)
                gone.spawn("client leaves", leave(stop, random_() % 300));
            auto slot = co_await slots_->acquire(loop, fakes::later(), stop);
            if (slot)
                counts_.begin();
            else if (stop.requested())
                ++counts_.stopped;
            else
                ++counts_.refused;
            if (slot && chance != 1)
                co_await breathe(random_() % 100);
            if (slot)
                --counts_.running;
            co_await gone.join();
        }
    }

    net::Task<> leave(net::Stop& stop, unsigned us)
    {
        co_await breathe(us);
        stop.request({core::FaultCode::client_gone, {}, "test"});
    }

    net::Task<> breathe(unsigned us)
    {
        net::Event breath(loop);
        const auto until = core::Clock::now() + std::chrono::microseconds(us);
        co_await breath.wait_until(until);
    }

    Counts& counts_;
    std::minstd_rand random_;
    std::shared_ptr<Slots> slots_;
    net::TaskGroup tasks_{loop};
};

void finish(State& state, std::initializer_list<Crowd*> crowds)
{
    for (Crowd* crowd : crowds)
        fakes::run(crowd->loop, state.finish(crowd->loop));
}

void expect_all_turns(const Counts& counts)
{
    EXPECT_EQ(counts.granted + counts.stopped, static_cast<unsigned>(kTurns));
    EXPECT_EQ(counts.refused, 0u);
    EXPECT_GT(counts.granted, 0u);
    EXPECT_GT(counts.stopped, 0u);
    EXPECT_LE(counts.most_running, kLimit);
    EXPECT_EQ(counts.running, 0u);
}

// A loop goes on until the other's turns have ended too: it may be asking for both.
void run_until_both(Crowd& crowd, const Crowd& other, State& state, std::shared_ptr<Slots> slots)
{
    crowd.run(state, std::move(slots));
    until_within(crowd.loop, std::chrono::seconds(100), [&] { return other.is_done.load(); });
}

RedisOptions options(fakes::RedisServer& server, std::string instance)
{
    expect_comings_and_goings();
    RedisOptions options{.redis = server.config(), .instance = std::move(instance)};
    options.redis.timeout =
        std::chrono::seconds(10); // a thread that waits for its core is no fault
    return options;
}

std::shared_ptr<Slots> slots_of(State& state)
{
    return state.slots("user/alice", kLimit, 1'000);
}

TEST(SlotsOfACrowd, AreNotLostInTenThousandTurnsOnTwoLoops)
{
    fakes::RedisServer& server = server_of(Backend::redis);
    Counts counts;
    Crowd first(1, counts), second(2, counts);
    const auto state = make_redis_state(options(server, "one"), {&first.loop, &second.loop});
    const auto slots = slots_of(*state);
    std::thread other([&] { run_until_both(second, first, *state, slots); });
    run_until_both(first, second, *state, slots);
    other.join();
    expect_all_turns(counts);
    finish(*state, {&first, &second});
    EXPECT_EQ(server.command({"ZCARD", "tg:1:{slot:user/alice}:held"}), "0");
    EXPECT_EQ(state->health().late, 0u);
}

TEST(SlotsOfACrowd, AreNotLostInTenThousandTurnsOnTwoGateways)
{
    fakes::RedisServer& server = server_of(Backend::redis);
    Counts counts;
    Crowd first(1, counts), second(2, counts);
    const auto here = make_redis_state(options(server, "one"), {&first.loop});
    const auto there = make_redis_state(options(server, "two"), {&second.loop});
    std::thread other([&] { run_until_both(second, first, *there, slots_of(*there)); });
    run_until_both(first, second, *here, slots_of(*here));
    other.join();
    expect_all_turns(counts);
    finish(*here, {&first});
    finish(*there, {&second});
    EXPECT_EQ(server.command({"ZCARD", "tg:1:{slot:user/alice}:held"}), "0");
}

} // namespace
} // namespace turngate::state::test
