#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

#include "gateways.hpp"

#include <atomic>
#include <random>
#include <thread>

namespace turngate::state::test {
namespace {

using core::FaultCode;
using fakes::later;
using Choices = std::vector<std::shared_ptr<Slots>>;

// Turns that wait for any of some slots, by number.
class Waiters
{
public:
    explicit Waiters(net::Loop& loop) : loop_(loop) {}
    ~Waiters()
    {
        held.clear();
        for (auto& [number, stop] : stops_)
            stop.request({FaultCode::client_gone, {}, "the test is over"});
        fakes::until(loop_, [&] { return tasks_.running() == 0; });
    }

    void want(int number,
              Choices choices,
              std::string tenant = "t",
              core::Deadline deadline = later())
    {
        tasks_.spawn("turn", take(number, std::move(choices), std::move(tenant), deadline));
    }
    void stop(int number) { stops_[number].request({FaultCode::client_gone, {}, "test"}); }
    void until_holds(int number)
    {
        fakes::until(loop_, [&] { return held.contains(number); });
    }
    void until_refused(int number)
    {
        fakes::until(loop_, [&] { return refused.contains(number); });
    }

    std::map<int, Granted> held;
    std::vector<int> order;
    std::map<int, FaultCode> refused;

private:
    net::Task<> take(int number, Choices choices, std::string tenant, core::Deadline deadline)
    {
        auto granted = co_await acquire_any(
            std::move(choices), std::move(tenant), loop_, deadline, stops_[number]);
        if (granted) {
            held.emplace(number, std::move(*granted));
            order.push_back(number);
        } else {
            refused.emplace(number, granted.error().code);
        }
    }

    net::Loop& loop_;
    std::map<int, net::Stop> stops_;
    net::TaskGroup tasks_{loop_};
};

class AnySlotContract : public testing::TestWithParam<Backend>
{
protected:
    AnySlotContract() : gateway_(gateway_of(loop_, GetParam())) { gateway_.until_up(); }

    std::shared_ptr<Slots> slots(const char* name, unsigned limit, unsigned max_waiting = 100)
    {
        return gateway_.state->slots(name, limit, max_waiting);
    }
    void until_waiting(const Slots& slots, unsigned count)
    {
        fakes::until(loop_, [&] { return slots.waiting() == count; });
    }

    net::Loop loop_{0};
    Gateway gateway_;
};

TEST_P(AnySlotContract, IsGivenByWhicheverBecomesFreeFirst)
{
    const auto a = slots("a", 1), b = slots("b", 1);
    Waiters turns(loop_);
    turns.want(0, {a});
    turns.until_holds(0);
    turns.want(1, {b});
    turns.until_holds(1);
    turns.want(2, {a, b});
    until_waiting(*a, 1);
    until_waiting(*b, 1);
    turns.held.erase(1);
    turns.until_holds(2);
    EXPECT_EQ(turns.held[2].which, 1u);
    EXPECT_EQ(a->waiting(), 0u); // it has left there
    turns.want(3, {a});
    turns.held.erase(0);
    turns.until_holds(3);
    turns.held.clear();
    fakes::until(loop_, [&] { return a->used() + b->used() == 0; });
}

TEST_P(AnySlotContract, LeavesAllQueuesAtOnceWhenItIsStoppedOrTooLate)
{
    const auto a = slots("a", 1), b = slots("b", 1);
    Waiters turns(loop_);
    turns.want(0, {a});
    turns.until_holds(0);
    turns.want(1, {b});
    turns.until_holds(1);
    turns.want(2, {a, b});
    until_waiting(*b, 1);
    turns.stop(2);
    turns.until_refused(2);
    EXPECT_EQ(turns.refused[2], FaultCode::client_gone);
    turns.want(3, {a, b}, "t", fakes::in(std::chrono::milliseconds(30)));
    turns.until_refused(3);
    EXPECT_EQ(turns.refused[3], FaultCode::rate_limited);
    EXPECT_EQ(a->waiting() + b->waiting(), 0u);
}

TEST_P(AnySlotContract, GoesRoundTheTenantsAndKeepsTheirOrder)
{
    const auto a = slots("a", 1);
    Waiters turns(loop_);
    turns.want(0, {a});
    turns.until_holds(0);
    int number = 1;
    for (const char* tenant : {"x", "x", "x", "y", "y", "z"}) {
        turns.want(number, {a}, tenant);
        until_waiting(*a, static_cast<unsigned>(number));
        ++number;
    }
    for (int i = 0; i < 6; ++i) {
        turns.held.clear();
        fakes::until(loop_, [&] { return !turns.held.empty(); });
    }
    EXPECT_EQ(turns.order, (std::vector<int>{0, 1, 4, 6, 2, 5, 3}));
}

TEST_P(AnySlotContract, MakesRoomInAFullQueueForATenantThatHasFewer)
{
    const auto a = slots("a", 1, 4);
    Waiters turns(loop_);
    turns.want(0, {a});
    turns.until_holds(0);
    for (int i = 1; i <= 4; ++i) {
        turns.want(i, {a}, "x");
        until_waiting(*a, static_cast<unsigned>(i));
    }
    turns.want(5, {a}, "x"); // no room for one's own
    turns.until_refused(5);
    turns.want(6, {a}, "y");
    turns.until_refused(4); // the newest of who has most
    EXPECT_EQ(turns.refused[4], FaultCode::rate_limited);
    turns.want(7, {a}, "z");
    turns.until_refused(3);
    turns.want(8, {a}, "y"); // would only change places
    turns.until_refused(8);
    EXPECT_EQ(a->waiting(), 4u);
    EXPECT_EQ(turns.refused.size(), 4u);
    turns.held.clear();
    turns.until_holds(1);
}

TEST_P(AnySlotContract, WaitsOnWhereItHasAPlaceLeft)
{
    const auto a = slots("a", 1, 2), b = slots("b", 1, 9);
    Waiters turns(loop_);
    turns.want(0, {a});
    turns.until_holds(0);
    turns.want(1, {b});
    turns.until_holds(1);
    turns.want(2, {a, b}, "x");
    turns.want(3, {a, b}, "x");
    until_waiting(*b, 2);
    turns.want(4, {a}, "y"); // takes 3's place at a
    until_waiting(*a, 2);
    turns.want(5, {a, b}, "x"); // none at a
    until_waiting(*b, 3);
    EXPECT_TRUE(turns.refused.empty());
    turns.held.erase(1);
    turns.until_holds(2);
    turns.held.erase(2);
    turns.until_holds(3);
    EXPECT_EQ(turns.held[3].which, 1u);
}

TEST_P(AnySlotContract, TakesTheFirstOfThoseThatAreFree)
{
    if (GetParam() != Backend::memory)
        GTEST_SKIP() << "with a ledger whichever answers first";
    const auto a = slots("a", 1), b = slots("b", 1);
    Waiters turns(loop_);
    turns.want(0, {b, a});
    turns.until_holds(0);
    EXPECT_EQ(turns.held[0].which, 0u);
    turns.want(1, {b, a});
    turns.until_holds(1);
    EXPECT_EQ(turns.held[1].which, 1u);
}

TEST_P(AnySlotContract, HelpsWhoWaitsAtOnceWhenTheLimitIsRaised)
{
    const auto a = slots("a", 1);
    Waiters turns(loop_);
    for (int i = 0; i < 4; ++i)
        turns.want(i, {a});
    turns.until_holds(0);
    until_waiting(*a, 3);
    a->set_limit(3);
    turns.until_holds(2);
    EXPECT_EQ(a->used(), 3u);
    a->set_limit(1); // who runs goes on
    turns.held.erase(0);
    turns.held.erase(1);
    fakes::settle(loop_);
    EXPECT_FALSE(turns.held.contains(3));
    turns.held.erase(2);
    turns.until_holds(3);
    a->set_limit(0);
    turns.want(4, {a});
    turns.want(5, {a});
    turns.until_holds(4);
    turns.until_holds(5);
    turns.held.clear();
    fakes::until(loop_, [&] { return a->used() == 0; });
}

// What must be so whatever happens in whatever order: nobody beyond the limits, nobody waits while
// there is room for him, nothing is left behind.
TEST_P(AnySlotContract, HoldsThroughRandomComingsAndGoings)
{
    std::minstd_rand random(7);
    const unsigned limits[] = {1, 2, 3};
    Choices all;
    for (const char* name : {"a", "b", "c"})
        all.push_back(slots(name, limits[all.size()], 12));
    const int rounds = GetParam() == Backend::memory ? 4'000 : 300;
    Waiters turns(loop_);
    std::vector<int> wanted;
    std::map<int, Choices> choices_of;
    for (int number = 0; number < rounds; ++number) {
        Choices choices;
        for (const auto& slots : all)
            if (random() % 2 == 0)
                choices.push_back(slots);
        if (choices.empty())
            choices.push_back(all[random() % 3]);
        std::shuffle(choices.begin(), choices.end(), random);
        choices_of[number] = choices;
        wanted.push_back(number);
        turns.want(number, choices, std::string(1, static_cast<char>('a' + random() % 4)));
        if (random() % 3 == 0)
            loop_.context().poll();
        if (!turns.held.empty() && random() % 2 == 0)
            turns.held.erase(
                std::next(turns.held.begin(), static_cast<long>(random() % turns.held.size())));
        if (random() % 5 == 0)
            turns.stop(wanted[random() % wanted.size()]);
        std::map<const Slots*, unsigned> running;
        for (const auto& [who, granted] : turns.held)
            ++running[choices_of[who][granted.which].get()];
        for (std::size_t i = 0; i < all.size(); ++i)
            ASSERT_LE(running[all[i].get()], limits[i]) << number;
    }
    // Those who are left are served or refused, one after the other.
    const auto ended = [&] { return turns.order.size() + turns.refused.size(); };
    fakes::until(loop_, [&] {
        turns.held.clear();
        return ended() == static_cast<std::size_t>(rounds);
    });
    turns.held.clear();
    for (const auto& slots : all) {
        fakes::until(loop_, [&] { return slots->used() == 0 && slots->waiting() == 0; });
        EXPECT_EQ(slots->used() + slots->waiting(), 0u);
    }
}

INSTANTIATE_TEST_SUITE_P(All,
                         AnySlotContract,
                         testing::Values(Backend::memory, Backend::redis),
                         [](const auto& each) { return name_of(each.param); });

struct Tally
{
    std::atomic<int> running[2]{};
    std::atomic<int> most[2]{};
    std::atomic<int> granted{0};
    std::atomic<int> stopped{0};
    std::atomic<int> refused{0};
};

net::Task<> wait_for_any(net::Loop& loop, Choices slots, unsigned seed, int turns, Tally& tally)
{
    std::minstd_rand random(seed);
    for (int i = 0; i < turns; ++i) {
        net::Stop stop;
        const bool leaves = random() % 4 == 0;
        bool has_left = !leaves;
        if (leaves)
            loop.post([&] {
                stop.request({FaultCode::client_gone, {}, "test"});
                has_left = true;
            });
        Choices choices = slots;
        if (random() % 2 == 0)
            std::swap(choices[0], choices[1]);
        auto granted =
            co_await acquire_any(choices, std::to_string(random() % 3), loop, later(), stop);
        if (granted) {
            const int which = choices[granted->which] == slots[0] ? 0 : 1;
            const int now = ++tally.running[which];
            if (now > tally.most[which])
                tally.most[which] = now;
            ++tally.granted;
            --tally.running[which];
        } else {
            ++(stop.requested() ? tally.stopped : tally.refused);
        }
        granted = core::Fault{FaultCode::rate_limited, {}, "given back"};
        while (!has_left) {
            net::Event breath(loop);
            const auto until = core::Clock::now() + std::chrono::microseconds(10);
            co_await breath.wait_until(until);
        }
    }
}

TEST(AnySlotsOnTwoLoops, AreNeverLostNorTooMany)
{
    const Choices slots{std::make_shared<Slots>(2, 1'000), std::make_shared<Slots>(1, 1'000)};
    Tally tally;
    const auto crowd = [&](unsigned index) {
        net::Loop loop(index);
        net::TaskGroup tasks(loop);
        for (unsigned i = 0; i < 6; ++i)
            tasks.spawn("turns", wait_for_any(loop, slots, index * 100 + i, 500, tally));
        until_within(loop, std::chrono::seconds(60), [&] { return tasks.running() == 0; });
    };
    std::thread other(crowd, 1u);
    std::thread limits([&] {
        for (int i = 0; i < 200; ++i) {
            slots[0]->set_limit(1 + static_cast<unsigned>(i % 2));
            std::this_thread::yield();
        }
        slots[0]->set_limit(2);
    });
    crowd(2);
    other.join();
    limits.join();
    EXPECT_EQ(tally.granted + tally.stopped, 6'000);
    EXPECT_EQ(tally.refused, 0);
    EXPECT_GT(tally.granted, 0);
    EXPECT_LE(tally.most[0], 2);
    EXPECT_LE(tally.most[1], 1);
    for (const auto& each : slots)
        EXPECT_EQ(each->used() + each->waiting(), 0u);
}

} // namespace
} // namespace turngate::state::test
