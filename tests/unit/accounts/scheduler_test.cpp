#include "turngate/accounts/scheduler.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

namespace turngate::accounts {
namespace {

using namespace std::chrono_literals;
using core::FaultCode;

constexpr core::Deadline kNow{1'000h};

using Names = std::vector<std::string>;

std::multiset<std::string> sorted(const Names& names)
{
    return {names.begin(), names.end()};
}

// Accounts by name, all of group default, and what to ask for.
struct Scene
{
    explicit Scene(const Names& names)
    {
        for (const std::string& name : names) {
            config::Account account;
            account.name = name;
            account.base_url = "https://" + name + ".test/v1";
            config.accounts.push_back(account);
        }
        request.group = "default";
        request.model = "gpt-5.2";
    }

    const AccountSet& accounts()
    {
        if (!set)
            set.emplace(config, lives);
        return *set;
    }
    const Account& account(std::string_view name) { return *accounts().find(name); }
    Health& health(std::string_view name) { return account(name).life->health; }
    Standing& standing(std::string_view name) { return *account(name).standing; }

    Choice order(core::Deadline now = kNow)
    {
        return accounts::order(accounts(), config.scheduler, request, now);
    }
    Names names(core::Deadline now = kNow)
    {
        Names names;
        for (const Candidate& one : order(now).order)
            names.push_back(one.account->config.name);
        return names;
    }

    void end_turns(std::string_view name,
                   Outcome::Kind outcome,
                   int times,
                   core::Deadline now = kNow)
    {
        for (int i = 0; i < times; ++i) {
            auto permit = standing(name).pass("gpt-5.2", now);
            ASSERT_TRUE(permit);
            account(name).settle(*permit, {outcome}, now);
        }
    }

    config::Config config;
    AccountLives lives;
    std::optional<AccountSet> set;
    Request request;
};

void refuse(Scene& scene, const char* name)
{
    scene.end_turns(name, Outcome::refused, 1);
}

TEST(Order, TakesOnlyThoseThatMayAnswerWhicheverLayerAsks)
{
    const struct
    {
        Fitness fitness;
        std::function<void(Scene&)> spoil;
        FaultCode fault; // when it is the only one
    } rows[] = {
        {Fitness::other_group,
         [](Scene& s) { s.config.accounts[0].groups = {"vip"}; },
         FaultCode::no_account},
        {Fitness::off,
         [](Scene& s) { s.config.accounts[0].mode = config::Mode::off; },
         FaultCode::no_account},
        {Fitness::no_model,
         [](Scene& s) { s.config.accounts[0].models = {{"other", "other"}}; },
         FaultCode::model_not_found},
        {Fitness::disabled, [](Scene& s) { s.standing("bad").disable(); }, FaultCode::no_account},
        {Fitness::refused, [](Scene& s) { refuse(s, "bad"); }, FaultCode::no_account},
        {Fitness::cooling,
         [](Scene& s) { s.standing("bad").cool_until("gpt-5.2", kNow + 1s); },
         FaultCode::rate_limited},
    };
    for (const auto& [expected, spoil, fault] : rows) {
        Scene scene({"bad", "good"});
        spoil(scene);
        EXPECT_EQ(fitness(scene.account("bad"), "default", "gpt-5.2", kNow), expected);
        EXPECT_EQ(scene.names(), Names{"good"}) << name(expected);
        scene.request.sticky = "bad";
        EXPECT_EQ(scene.names(), Names{"good"}) << name(expected);
        EXPECT_EQ(scene.order().layer, Layer::balanced) << name(expected);
        Scene alone({"bad"});
        spoil(alone);
        EXPECT_TRUE(alone.order().order.empty()) << name(expected);
        EXPECT_EQ(alone.order().fault(), fault) << name(expected);
    }
}

TEST(Order, TellsWhenTheFirstOfTheCoolingOnesIsReady)
{
    Scene scene({"a", "b"});
    EXPECT_FALSE(scene.order().retry_at);
    scene.standing("a").cool_until("", kNow + 90s);
    scene.standing("b").cool_until("", kNow + 60s);
    const Choice none = scene.order();
    EXPECT_TRUE(none.order.empty());
    EXPECT_EQ(none.fault(), FaultCode::rate_limited);
    EXPECT_EQ(none.retry_at, kNow + 60s);
    EXPECT_EQ(scene.names(kNow + 60s), Names{"b"});
}

TEST(Order, KnowsAModelNobodyHasFromAGroupNobodyServes)
{
    Scene scene({"a", "b"});
    for (auto& account : scene.config.accounts)
        account.models = {{"gpt-5.2", "gpt-5.2-big"}};
    scene.request.model = "gpt-9";
    EXPECT_EQ(scene.order().fault(), FaultCode::model_not_found);
    scene.request.group = "vip";
    EXPECT_EQ(scene.order().fault(), FaultCode::no_account);
    scene.request = {.group = "default", .model = ""};
    EXPECT_EQ(scene.order().order.size(), 2u);
}

TEST(Order, PutsTheSessionsOwnFirstAndTheOthersBehind)
{
    Scene scene({"a", "b", "c"});
    scene.config.accounts[2].priority = 9; // would come last
    scene.config.scheduler.top_k = 1;
    scene.request.sticky = "c";
    const Choice choice = scene.order();
    EXPECT_EQ(choice.layer, Layer::sticky);
    EXPECT_EQ(choice.released, Fitness::fits);
    ASSERT_EQ(choice.order.size(), 3u);
    EXPECT_EQ(choice.order.front().account->config.name, "c");
}

TEST(Order, LetsASessionsOwnGoWhenItFailsTooOften)
{
    Scene scene({"a", "b"});
    scene.config.accounts[0].priority = 9;
    scene.config.scheduler.top_k = 1;
    scene.request.sticky = "a";
    scene.end_turns("a", Outcome::fault, 4); // 0.94, but no more than four samples
    EXPECT_EQ(scene.order().layer, Layer::sticky);

    scene.end_turns("a", Outcome::success, 1); // 0.47 after five
    EXPECT_EQ(scene.order().layer, Layer::balanced);
    EXPECT_EQ(scene.order().released, Fitness::failing);
    scene.config.accounts[0].priority = 1; // its own seed would draw it again
    for (scene.request.seed = 0; scene.request.seed < 20; ++scene.request.seed)
        EXPECT_EQ(scene.names(), (Names{"b", "a"})); // it stays a candidate, the last one

    scene.end_turns("a", Outcome::success, 2); // quick 0.12, slow 0.25
    EXPECT_EQ(scene.order().layer, Layer::sticky);
}

TEST(Order, LetsASessionsOwnGoWhenItsBreakerIsOpen)
{
    Scene scene({"a", "b"});
    scene.request.sticky = "a";
    scene.end_turns("a", Outcome::fault, 5);
    const Choice choice = scene.order();
    EXPECT_EQ(choice.layer, Layer::balanced);
    EXPECT_EQ(choice.released, Fitness::breaker_open);
    EXPECT_EQ(scene.names(), Names{"b"});
    EXPECT_EQ(scene.names(kNow + 30s).size(), 2u); // it may be probed
}

TEST(Order, PutsThoseThatFailedThisTurnLast)
{
    Scene scene({"a", "b", "c"});
    const Names failed{"b", "a"};
    scene.request.failed = failed;
    for (scene.request.seed = 0; scene.request.seed < 20; ++scene.request.seed)
        EXPECT_EQ(scene.names(), (Names{"c", "b", "a"}));
    scene.request.sticky = "a";
    EXPECT_EQ(scene.order().released, Fitness::has_failed);
    EXPECT_EQ(scene.names(), (Names{"c", "b", "a"}));
}

TEST(Order, TriesTheBreakerThatOpenedLongestAgoIfNothingElseIsLeft)
{
    Scene scene({"a", "b", "c", "d"});
    scene.end_turns("b", Outcome::fault, 5, kNow - 20s);
    scene.end_turns("a", Outcome::fault, 5, kNow - 10s);
    scene.end_turns("c", Outcome::fault, 5, kNow - 5s);
    scene.standing("d").cool_until("", kNow + 1h);
    const Choice choice = scene.order();
    EXPECT_TRUE(choice.is_last_resort);
    EXPECT_EQ(scene.names(), Names{"b"});

    auto first = choice.pass(scene.account("b"), kNow);
    auto second = choice.pass(scene.account("b"), kNow);
    auto third = choice.pass(scene.account("b"), kNow); // never refused
    ASSERT_TRUE(first && second && third);
    scene.account("b").settle(*first, {Outcome::success}, kNow);
    scene.account("b").settle(*second, {Outcome::success}, kNow);
    EXPECT_FALSE(scene.order().is_last_resort);
    EXPECT_EQ(scene.names(), Names{"b"});
}

TEST(Order, LetsNoMoreThroughAHalfOpenBreakerThanItsProbes)
{
    Scene scene({"a", "b"});
    scene.end_turns("a", Outcome::fault, 5);
    const auto now = kNow + 30s;
    const Choice choice = scene.order(now);
    ASSERT_EQ(choice.order.size(), 2u);
    const auto first = choice.pass(scene.account("a"), now);
    const auto second = choice.pass(scene.account("a"), now);
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(choice.pass(scene.account("a"), now));
    EXPECT_EQ(scene.names(now), Names{"b"});
}

TEST(Order, PrefersWhatScoresBetter)
{
    const struct
    {
        const char* what;
        std::function<void(Scene&)> make_a_worse;
    } rows[] = {
        {"priority", [](Scene& s) { s.config.accounts[0].priority = 2; }},
        {"load", [](Scene& s) { (void)s.account("a").slots->try_acquire(); }},
        {"limit", [](Scene& s) { s.config.accounts[0].concurrency = 8; }},
        {"errors", [](Scene& s) { s.end_turns("a", Outcome::fault, 1); }},
        {"first token",
         [](Scene& s) {
             s.health("a").first_tokens.add("gpt-5.2", 900ms);
             s.health("b").first_tokens.add("gpt-5.2", 300ms);
         }},
        {"quota", [](Scene& s) { s.standing("a").quota().report("primary", 95, kNow + 1h); }},
    };
    for (const auto& [what, make_a_worse] : rows) {
        Scene scene({"a", "b"});
        scene.config.scheduler.top_k = 1;
        make_a_worse(scene);
        for (scene.request.seed = 0; scene.request.seed < 20; ++scene.request.seed)
            EXPECT_EQ(scene.names(), (Names{"b", "a"})) << what;
    }
}

TEST(Order, KnowsTheFirstTokenByTheUpstreamsNameOfTheModel)
{
    Scene scene({"a", "b"});
    scene.config.scheduler.top_k = 1;
    scene.config.accounts[0].models = {{"gpt-5.2", "deployed"}};
    scene.health("a").first_tokens.add("deployed", 900ms);
    scene.health("a").first_tokens.add("gpt-5.2", 1ms);
    scene.health("b").first_tokens.add("gpt-5.2", 300ms);
    EXPECT_EQ(scene.names(), (Names{"b", "a"}));
}

TEST(Order, MindsALoadThatRises)
{
    Scene scene({"a", "b"});
    (void)scene.order(kNow);
    for (int i = 0; i < 32; ++i)
        (void)scene.account("a").slots->try_acquire();
    const Choice choice = scene.order(kNow + 1s);
    for (const Candidate& one : choice.order) {
        const bool is_rising = one.account->config.name == "a"; // by a half in a second
        EXPECT_NEAR(one.score.load, is_rising ? 0.5 * 0.7 : 1.0, 1e-6);
    }
}

TEST(Order, IsTheSameForOneConversationAndSpreadsMany)
{
    Scene scene({"a", "b", "c", "d"});
    std::map<std::string, int> first;
    for (scene.request.seed = 0; scene.request.seed < 400; ++scene.request.seed) {
        const Names names = scene.names();
        EXPECT_EQ(scene.names(), names);
        EXPECT_EQ(sorted(names), (std::multiset<std::string>{"a", "b", "c", "d"}));
        ++first[names.front()];
    }
    for (const auto& [name, times] : first) {
        EXPECT_GT(times, 60) << name; // 100, and five standard deviations are 43
        EXPECT_LT(times, 143) << name;
    }
}

TEST(Choice, IsExplainedInOneLine)
{
    Scene scene({"main", "b", "c", "d", "e", "f", "g"});
    scene.config.accounts[6].models = {{"other", "other"}};
    refuse(scene, "b");
    scene.standing("c").cool_until("", kNow + 1s);
    scene.end_turns("d", Outcome::fault, 5);
    scene.standing("e").cool_until("", kNow + 1s);
    scene.standing("f").cool_until("", kNow + 1s);
    scene.request.sticky = "c";
    EXPECT_EQ(scene.order().explain(&scene.account("main")),
              "balanced: main score 3.75 (priority 1.00 load 1.00 queue 1.00 errors 1.00 ttft 0.50"
              " quota 1.00), choice 1 of 1; released: cooling; out: b refused, c cooling, "
              "d breaker_open, e cooling, 1 more, 1 no_model");

    scene.standing("main").cool_until("", kNow + 1s);
    EXPECT_TRUE(scene.order().explain(&scene.account("d")).starts_with("balanced last_resort: d "));
}

Names numbered(unsigned n)
{
    Names names;
    for (unsigned i = 0; i < n; ++i)
        names.push_back("account-" + std::to_string(i));
    return names;
}

std::string first_of(Scene& scene, core::Deadline now)
{
    return scene.order(now).order.front().account->config.name;
}

TEST(OrderOfMany, HasEachOnceHowEverItIsDrawn)
{
    const Names all = numbered(500);
    for (const auto pick :
         {config::Pick::weighted_top_k, config::Pick::p2c, config::Pick::softmax}) {
        Scene scene(all);
        scene.config.scheduler.pick = pick;
        scene.standing("account-7").disable();
        scene.request.sticky = "account-9";
        const Names failed{"account-11", "account-9"};
        for (scene.request.seed = 0; scene.request.seed < 20; ++scene.request.seed) {
            scene.request.failed = {};
            const Names names = scene.names();
            EXPECT_EQ(names, scene.names());
            EXPECT_EQ(names.front(), "account-9");
            EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 499u);
            EXPECT_EQ(names.size(), 499u);
            scene.request.failed = failed;
            const Names again = scene.names();
            EXPECT_EQ(again.size(), 499u);
            EXPECT_EQ(Names(again.end() - 2, again.end()), failed);
        }
    }
}

TEST(OrderOfMany, SpreadsIdleAccountsEvenly)
{
    for (const auto pick :
         {config::Pick::weighted_top_k, config::Pick::p2c, config::Pick::softmax}) {
        Scene scene(numbered(100));
        scene.config.scheduler.pick = pick;
        std::map<std::string, int> first;
        for (scene.request.seed = 0; scene.request.seed < 10'000; ++scene.request.seed)
            ++first[first_of(scene, kNow)];
        EXPECT_EQ(first.size(), 100u);
        for (const auto& [name, times] : first) {
            EXPECT_GT(times, 50) << name; // 100, and five standard deviations are 50
            EXPECT_LT(times, 150) << name;
        }
    }
}

TEST(OrderOfMany, PrefersWhatScoresBetter)
{
    for (const auto pick :
         {config::Pick::weighted_top_k, config::Pick::p2c, config::Pick::softmax}) {
        Scene scene(numbered(200));
        scene.config.scheduler.pick = pick;
        scene.config.scheduler.top_k = 1;
        for (std::size_t i = 1; i < 200; ++i)
            scene.config.accounts[i].priority = 9;
        int best = 0;
        for (scene.request.seed = 0; scene.request.seed < 1'000; ++scene.request.seed)
            best += first_of(scene, kNow) == "account-0";
        // p2c has it among two of 200; softmax at T 0.3 counts it e^(1/0.3) times, of 228.
        const int most = pick == config::Pick::weighted_top_k ? 1'000 : 200;
        const int least = pick == config::Pick::weighted_top_k ? 1'000
                          : pick == config::Pick::softmax      ? 60
                                                               : 1;
        EXPECT_GE(best, least) << static_cast<int>(pick);
        EXPECT_LE(best, most) << static_cast<int>(pick);
    }
}

TEST(OrderOfMany, NeverGivesOneThatStoppedFittingSinceItsScoreWasMade)
{
    Scene scene(numbered(100));
    for (unsigned i = 0; i < 100; ++i) {
        EXPECT_EQ(scene.names(kNow).size(), 100 - i);
        scene.standing("account-" + std::to_string(i)).cool_until("gpt-5.2", kNow + 60s);
    }
    const Choice none = scene.order(kNow + 1ms);
    EXPECT_TRUE(none.order.empty());
    EXPECT_EQ(none.fault(), FaultCode::rate_limited);
    EXPECT_EQ(none.retry_at, kNow + 60s);
    EXPECT_EQ(scene.names(kNow + 60s).size(), 100u); // at once, though scores are kept
}

TEST(OrderOfMany, SeesNewScoresSoon)
{
    Scene scene(numbered(100));
    scene.config.scheduler.top_k = 1;
    (void)first_of(scene, kNow);
    for (unsigned i = 1; i < 100; ++i)
        scene.standing("account-" + std::to_string(i)).quota().report("primary", 95, kNow + 1h);
    EXPECT_EQ(first_of(scene, kNow + 100ms), "account-0");
}

TEST(OrderOfMany, KnowsModelsWithoutBoundOnlyWhereAMapNamesThem)
{
    Scene scene(numbered(100));
    for (int i = 0; i < 1'000; ++i) {
        const std::string model = "m" + std::to_string(i);
        scene.request.model = model;
        EXPECT_FALSE(scene.order().order.empty());
        scene.standing("account-1").cool_until(model, kNow + 1h);
        for (const std::string& name : scene.names())
            EXPECT_NE(name, "account-1");
    }
}

} // namespace
} // namespace turngate::accounts
