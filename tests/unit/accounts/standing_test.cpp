#include "turngate/accounts/standing.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

namespace turngate::accounts {
namespace {

using namespace std::chrono_literals;

constexpr core::Deadline kStart{1'000h};

struct Account
{
    std::shared_ptr<Standing> standing = std::make_shared<Standing>();
    core::Deadline now = kStart;
    std::vector<Permit> running;

    Fitness fitness(std::string_view model = "m") const { return standing->fitness(model, now); }
    void begin(std::string_view model = "m")
    {
        running.push_back(standing->pass_anyway(model, now));
    }
    void end(const Outcome& outcome)
    {
        Permit permit = std::move(running.front());
        running.erase(running.begin());
        standing->settle(permit, outcome, now);
    }
    void turn(const Outcome& outcome)
    {
        auto permit = standing->pass("m", now);
        ASSERT_TRUE(permit);
        standing->settle(*permit, outcome, now);
    }
    void fail()
    {
        for (int i = 0; i < 5; ++i)
            turn({Outcome::fault});
    }
};

const Outcome kCools{Outcome::cools, "m"};
const Outcome kCoolsAll{Outcome::cools};
const Outcome kRefused{Outcome::refused};

struct State
{
    const char* name;
    std::function<void(Account&)> reach;
};

const State kStates[] = {
    {"fresh", [](Account&) {}},
    {"refused", [](Account& a) { a.turn(kRefused); }},
    {"probe due", [](Account& a) { a.turn(kRefused), a.now += 30s; }},
    {"cooling", [](Account& a) { a.turn(kCools); }},
    {"cooling all", [](Account& a) { a.turn(kCoolsAll); }},
    {"open", [](Account& a) { a.fail(); }},
    {"half-open", [](Account& a) { a.fail(), a.now += 30s; }},
    {"disabled", [](Account& a) { a.standing->disable(); }},
};

struct Event
{
    const char* name;
    std::function<void(Account&)> happen; // a turn that was begun in the state, a moment later
    // What it leads to from each of the states.
    Fitness after[std::size(kStates)];
};

void end_new(Account& account, const Outcome& outcome)
{
    account.now += 1ms;
    account.begin();
    account.end(outcome);
}

// clang-format off
using enum Fitness;
const Event kEvents[] = {
    //                                                       fresh        refused  due      cooling  all      open          half-open     disabled
    {"nothing", [](Account&) {},                            {fits,        refused, fits,    cooling, cooling, breaker_open, fits,         disabled}},
    {"success", [](Account& a) { end_new(a, {Outcome::success}); },
                                                            {fits,        fits,    fits,    cooling, cooling, fits,         fits,         disabled}},
    {"fault",   [](Account& a) { end_new(a, {Outcome::fault}); },
                                                            {fits,        refused, fits,    cooling, cooling, breaker_open, breaker_open, disabled}},
    {"neutral", [](Account& a) { end_new(a, {}); },         {fits,        refused, fits,    cooling, cooling, fits,         fits,         disabled}},
    {"cools",   [](Account& a) { end_new(a, kCools); },     {cooling,     refused, cooling, cooling, cooling, cooling,      cooling,      disabled}},
    {"refused", [](Account& a) { end_new(a, kRefused); },   {refused,     refused, refused, refused, refused, refused,      refused,      disabled}},
    {"clear",   [](Account& a) { a.standing->clear(); },    {fits,        fits,    fits,    fits,    fits,    fits,         fits,         disabled}},
    {"disable", [](Account& a) { a.standing->disable(); },  {disabled,    disabled, disabled, disabled, disabled, disabled, disabled,    disabled}},
    {"enable",  [](Account& a) { a.standing->enable(); },   {fits,        refused, fits,    cooling, cooling, breaker_open, fits,         fits}},
    {"a probe", [](Account& a) { auto p = a.standing->pass("m", a.now); if (p) a.running.push_back(std::move(*p)); },
                                                            {fits,        refused, refused, cooling, cooling, breaker_open, fits,         disabled}},
};
// clang-format on

TEST(Standing, GoesFromEveryStateByEveryEventWhereItShould)
{
    for (const Event& event : kEvents)
        for (std::size_t i = 0; i < std::size(kStates); ++i) {
            Account account;
            kStates[i].reach(account);
            event.happen(account);
            EXPECT_EQ(name(account.fitness()), name(event.after[i]))
                << event.name << " when " << kStates[i].name;
            const bool passes = account.standing->pass("m", account.now).has_value();
            EXPECT_EQ(passes, event.after[i] == fits) << event.name << " " << kStates[i].name;
        }
}

TEST(Standing, ProbesRefusedCredentialsByOneTurnAndForLongerEachTime)
{
    Account account;
    account.turn(kRefused);
    for (const auto pause : {30s, 60s, 120s, 240s, 300s, 300s}) {
        EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + pause);
        account.now += pause - 1ms;
        EXPECT_FALSE(account.standing->pass("m", account.now));
        account.now += 1ms;
        auto probe = account.standing->pass("m", account.now);
        ASSERT_TRUE(probe);
        EXPECT_FALSE(account.standing->pass("m", account.now)); // one at a time
        account.now += 1s;
        account.standing->settle(*probe, kRefused, account.now);
    }
    account.now += 300s;
    account.turn({Outcome::success});
    EXPECT_EQ(account.fitness(), fits);
    account.turn(kRefused);
    EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + 30s); // from the start
}

TEST(Standing, LosesNoProbe)
{
    Account account;
    account.turn(kRefused);
    account.now += 30s;
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(account.standing->pass("m", account.now)) << i; // dropped: neutral
    auto lost = account.standing->pass("m", account.now);
    ASSERT_TRUE(lost);
    account.now += 119s;
    EXPECT_FALSE(account.standing->pass("m", account.now));
    account.now += 1s;
    auto next = account.standing->pass("m", account.now);
    ASSERT_TRUE(next);
    account.standing->settle(*lost, kRefused, account.now); // too late to count
    EXPECT_EQ(account.standing->refused_until(account.now), account.now + 120s);
    account.standing->settle(*next, {Outcome::success}, account.now);
    EXPECT_EQ(account.fitness(), fits);
}

TEST(Standing, TakesAWaveOfRefusalsForOne)
{
    Account account;
    for (int i = 0; i < 20; ++i)
        account.begin();
    for (int i = 0; i < 10; ++i)
        account.end(kRefused);
    EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + 30s);
    account.now += 1s;
    account.end({Outcome::success}); // begun before it was refused: says nothing
    EXPECT_EQ(account.fitness(), refused);

    Account limited;
    for (int i = 0; i < 20; ++i)
        limited.begin();
    for (int i = 0; i < 20; ++i)
        limited.end(kCools);
    EXPECT_EQ(limited.standing->retry_at("m", limited.now), limited.now + 5s);
}

TEST(Standing, CoolsByModelForLongerEachTimeUntilOneSucceeds)
{
    Account account;
    for (const auto pause : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
        account.turn(kCools);
        EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + pause);
        EXPECT_EQ(account.fitness("other"), fits);
        account.now += pause;
    }
    account.turn({Outcome::success});
    account.turn(kCools);
    EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + 5s);
    account.now += 5s + Standing::kLongest; // or until so long has passed
    account.turn(kCools);
    EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + 5s);
}

TEST(Standing, CoolsUntilTheResetThatWasToldTheLaterOfTwo)
{
    Account account;
    account.begin();
    account.begin();
    account.begin();
    account.end({Outcome::cools, "m", 60s});
    account.end({Outcome::cools, "m", 7s});
    EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + 60s);
    account.end({Outcome::cools, {}, 90s});
    EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + 90s);
    EXPECT_EQ(account.fitness("other"), cooling);
    account.now += 60s;
    EXPECT_EQ(account.standing->coolings(account.now).size(), 1u);
    account.now += 30s;
    EXPECT_EQ(account.fitness(), fits);
}

TEST(Standing, HearsOfOtherGatewaysCoolingAndOfItsEnd)
{
    Account account;
    account.standing->cool_until("m", account.now + 60s);
    account.standing->cool_until("m", account.now + 30s);
    EXPECT_EQ(account.standing->retry_at("m", account.now), account.now + 60s);
    EXPECT_EQ(account.fitness("other"), fits);
    account.standing->end_cooling("other");
    EXPECT_EQ(account.fitness(), cooling);
    account.standing->end_cooling("m");
    EXPECT_EQ(account.fitness(), fits);
}

TEST(Standing, RemembersABoundedNumberOfModels)
{
    Account account;
    for (int i = 0; i < 10'000; ++i)
        account.standing->cool_until("m" + std::to_string(i),
                                     account.now + std::chrono::seconds(i));
    EXPECT_LE(account.standing->coolings(account.now).size(), 128u);
    EXPECT_EQ(account.fitness("m9999"), cooling);
}

TEST(Standing, IsNotTouchedByWhatWasBegunBeforeItWasCleared)
{
    Account account;
    account.turn(kRefused);
    account.now += 30s;
    auto probe = account.standing->pass("m", account.now);
    ASSERT_TRUE(probe);
    account.standing->clear();
    account.turn(kRefused);
    account.now += 1s;
    account.standing->settle(*probe, {Outcome::success}, account.now);
    EXPECT_EQ(account.fitness(), refused);
}

TEST(Standing, OutlivesItsAccountWhileATurnHasItsPermit)
{
    auto standing = std::make_shared<Standing>();
    auto permit = standing->pass("m", kStart);
    ASSERT_TRUE(permit);
    const std::weak_ptr<Standing> watch = standing;
    standing.reset();
    EXPECT_FALSE(watch.expired());
    Standing::settle(*permit, kRefused, kStart);
    EXPECT_TRUE(watch.expired());
}

TEST(Standing, GivesOneProbeToManyThreads)
{
    Account account;
    account.turn(kRefused);
    account.now += 30s;
    for (int round = 0; round < 200; ++round) {
        std::atomic<int> passed = 0;
        std::vector<std::thread> threads;
        std::vector<std::optional<Permit>> permits(4);
        for (auto& permit : permits)
            threads.emplace_back([&] {
                permit = account.standing->pass("m", account.now);
                passed += permit.has_value();
            });
        for (auto& thread : threads)
            thread.join();
        EXPECT_EQ(passed, 1);
    }
}

} // namespace
} // namespace turngate::accounts
