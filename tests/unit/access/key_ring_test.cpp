#include "turngate/access/principal.hpp"

#include <gtest/gtest.h>

namespace turngate::access {
namespace {

config::Key key(const std::string& name,
                const std::string& secret,
                const std::string& user,
                const std::string& group)
{
    config::Key key;
    key.name = name;
    key.digest = core::sha256(secret);
    key.user = user;
    key.group = group;
    return key;
}

config::Config two_users_two_groups()
{
    config::Config config;
    config.groups.resize(2);
    config.groups[0].name = "default";
    config.groups[1].name = "gold";
    config.groups[1].mode = config::Mode::off;
    config.groups[1].multiplier = {500'000};
    config.users.resize(2);
    config.users[0].name = "alice";
    config.users[0].concurrency = 2;
    config.users[0].group_multipliers = {{"gold", {250'000}}};
    config.users[1].name = "bob";
    config.users[1].group_multipliers = {{"default", {0}}};
    config.keys = {key("a", "sk-alice", "alice", "default"),
                   key("a-gold", "sk-alice-gold", "alice", "gold"),
                   key("b", "sk-bob", "bob", "default"),
                   key("b-gold", "sk-bob-gold", "bob", "gold")};
    config.keys[2].allow_ips = {"10.0.0.0/8"};
    return config;
}

TEST(KeyRing, FindsTheOneAKeyBelongsTo)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    const KeyRing ring(two_users_two_groups(), slots);
    const auto principal = ring.find("sk-alice-gold");
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->key, "a-gold");
    EXPECT_EQ(principal->user, "alice");
    EXPECT_EQ(principal->group, "gold");
    EXPECT_EQ(principal->tenant, "gold/alice");
    EXPECT_EQ(principal->mode, config::Mode::off);
    EXPECT_EQ(principal->digest, core::sha256("sk-alice-gold"));
    EXPECT_EQ(ring.find(core::sha256("sk-alice-gold")), principal);
    EXPECT_EQ(ring.find("sk-bob")->allow_ips, std::vector<std::string>{"10.0.0.0/8"});
}

TEST(KeyRing, KnowsNobodyElse)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    const KeyRing ring(two_users_two_groups(), slots);
    for (const std::string secret : {"", "sk-", "sk-alic", "sk-alice ", "SK-ALICE", "sk-carol"})
        EXPECT_FALSE(ring.find(secret)) << secret;
    EXPECT_FALSE(ring.find(core::sha256("sk-alice").hex())); // the stored form is no key
    EXPECT_FALSE(ring.find(core::Digest{}));
}

TEST(KeyRing, TakesTheUsersOwnMultiplierThenTheGroups)
{
    struct Case
    {
        const char* secret;
        std::int64_t multiplier;
    };
    const Case cases[] = {
        {"sk-alice", 1'000'000},    // neither has one
        {"sk-alice-gold", 250'000}, // hers in this group
        {"sk-bob", 0},              // his: free
        {"sk-bob-gold", 500'000},   // the group's
    };
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    const KeyRing ring(two_users_two_groups(), slots);
    for (const Case& c : cases)
        EXPECT_EQ(ring.find(c.secret)->multiplier.value, c.multiplier) << c.secret;
}

TEST(KeyRing, GivesAllKeysOfAUserTheSameSlots)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    const KeyRing ring(two_users_two_groups(), slots);
    EXPECT_EQ(ring.find("sk-alice")->slots, ring.find("sk-alice-gold")->slots);
    EXPECT_NE(ring.find("sk-alice")->slots, ring.find("sk-bob")->slots);
}

TEST(KeyRing, KeepsTheSlotsOverAReload)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    config::Config config = two_users_two_groups();
    const KeyRing before(config, slots);
    config.users[0].concurrency = 3;
    const KeyRing after(config, slots);
    EXPECT_EQ(before.find("sk-bob")->slots, after.find("sk-bob")->slots);
    EXPECT_EQ(before.find("sk-alice")->slots, after.find("sk-alice")->slots); // with a new limit

    const auto limited = after.find("sk-alice")->slots;
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(limited->try_acquire());
    EXPECT_FALSE(limited->try_acquire());
}

TEST(KeyRing, ForgetsAKeyThatWasRevoked)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    config::Config config = two_users_two_groups();
    const KeyRing before(config, slots);
    config.keys.erase(config.keys.begin());
    const KeyRing after(config, slots);
    EXPECT_TRUE(before.find("sk-alice"));
    EXPECT_FALSE(after.find("sk-alice"));
}

TEST(KeyOf, TakesBearerThenXApiKeyThenApiKey)
{
    struct Case
    {
        std::vector<std::pair<const char*, const char*>> headers;
        const char* key;
    };
    const Case cases[] = {
        {{}, ""},
        {{{"Authorization", "Bearer sk-1"}}, "sk-1"},
        {{{"authorization", "bearer sk-1"}}, "sk-1"},
        {{{"AUTHORIZATION", "BEARER sk-1"}}, "sk-1"},
        {{{"x-api-key", "sk-2"}}, "sk-2"},
        {{{"api-key", "sk-3"}}, "sk-3"},
        {{{"api-key", "sk-3"}, {"x-api-key", "sk-2"}, {"authorization", "Bearer sk-1"}}, "sk-1"},
        {{{"api-key", "sk-3"}, {"x-api-key", "sk-2"}}, "sk-2"},
        {{{"x-api-key", ""}, {"api-key", "sk-3"}}, "sk-3"},
        {{{"authorization", "Basic dTpw"}}, ""},
        {{{"authorization", "Basic dTpw"}, {"x-api-key", "sk-2"}}, "sk-2"},
        {{{"authorization", "Bearer"}}, ""},
        {{{"authorization", "Bearer "}}, ""},
        {{{"authorization", "Bearersk-1"}}, ""},
        {{{"authorization", "sk-1"}}, ""},
        {{{"proxy-authorization", "Bearer sk-1"}, {"cookie", "api-key=sk-1"}}, ""},
    };
    for (const Case& c : cases) {
        net::HttpHeaders headers;
        for (const auto& [name, value] : c.headers)
            headers.add(name, value);
        EXPECT_EQ(key_of(headers), c.key);
    }
}

usage::StoredKey stored(const std::string& name, const std::string& user)
{
    usage::StoredKey key;
    key.name = name;
    key.digest = core::sha256("sk-" + name);
    key.user = user;
    key.group = "default";
    key.quota = core::NanoUsd{5};
    key.rpm = 60;
    return key;
}

TEST(KeyRing, HasTheKeysOfTheRepositoryToo)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    Registry registry;
    registry.keys = {stored("made", "carol")};
    registry.credits = {{"carol", {7}}, {"alice", {9}}};
    const KeyRing ring(two_users_two_groups(), slots, registry);
    const auto principal = ring.find("sk-made");
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->key, "made");
    EXPECT_EQ(principal->tenant, "default/carol");
    EXPECT_EQ(principal->quota, core::NanoUsd{5});
    EXPECT_EQ(principal->credit, core::NanoUsd{7});
    EXPECT_EQ(principal->rates.rpm, 60u);
    EXPECT_EQ(ring.find("sk-alice")->credit, core::NanoUsd{9});
    EXPECT_EQ(ring.budgeted(), (std::set<std::string>{"key/made", "user/alice", "user/carol"}));
}

TEST(KeyRing, LetsTheFileWin)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    config::Config config = two_users_two_groups();
    config.users[0].balance = core::NanoUsd{3};
    Registry registry;
    registry.keys = {stored("a", "carol"), stored("lost", "carol")};
    registry.keys[1].group = "nobodys";
    registry.credits = {{"alice", {9}}};
    const KeyRing ring(config, slots, registry);
    EXPECT_FALSE(ring.find("sk-a"));
    EXPECT_FALSE(ring.find("sk-lost")) << "its group is none";
    EXPECT_EQ(ring.find("sk-alice")->user, "alice");
    EXPECT_EQ(ring.find("sk-alice")->credit, core::NanoUsd{3});
}

TEST(KeyRing, DoesNotFindWhatHasExpired)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    Registry registry;
    registry.keys = {stored("over", "carol"), stored("lives", "carol")};
    registry.keys[0].expires = core::wall_now() - std::chrono::seconds(1);
    registry.keys[1].expires = core::wall_now() + std::chrono::hours(1);
    const KeyRing ring(two_users_two_groups(), slots, registry);
    EXPECT_FALSE(ring.find("sk-over"));
    EXPECT_TRUE(ring.find("sk-lives"));
}

TEST(KeyRing, KnowsWhetherItMayLackKeys)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    EXPECT_TRUE(KeyRing(two_users_two_groups(), slots).is_complete());
    EXPECT_FALSE(KeyRing(two_users_two_groups(), slots, std::nullopt).is_complete());
}

TEST(KeyRing, OfWhatAnEarlierProcessKnewMayLackKeysButHasSums)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    Registry registry;
    registry.is_current = false;
    const KeyRing ring(two_users_two_groups(), slots, registry);
    EXPECT_FALSE(ring.is_complete());
    EXPECT_TRUE(ring.knows_spending());
    EXPECT_FALSE(KeyRing(two_users_two_groups(), slots, std::nullopt).knows_spending());
}

TEST(Registry, HasOnlyLiveKeysAndNothingThatMovesWithEachBill)
{
    const core::Timestamp now = core::wall_now();
    usage::KnownBooks books;
    for (const char* name : {"a", "b", "c"})
        books.stored_keys.emplace(name, stored(name, "u"));
    books.stored_keys.at("a").revoked = now;
    books.stored_keys.at("b").expires = now;
    books.stored_keys.at("c").used = {100};
    books.users["u"].credit = core::NanoUsd{4};
    books.users["v"];
    const Registry registry = registry_of(books, now);
    ASSERT_EQ(registry.keys.size(), 1u);
    EXPECT_EQ(registry.keys[0].name, "c");
    EXPECT_EQ(registry.keys[0].used, core::NanoUsd{});
    EXPECT_EQ(registry.credits.size(), 1u);
}

} // namespace
} // namespace turngate::access
