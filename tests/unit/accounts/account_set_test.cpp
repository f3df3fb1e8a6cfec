#include "turngate/accounts/account_set.hpp"

#include <gtest/gtest.h>

namespace turngate::accounts {
namespace {

config::Account account(const std::string& name, int priority = 1)
{
    config::Account account;
    account.name = name;
    account.base_url = "https://" + name + ".test/v1";
    account.priority = priority;
    return account;
}

std::vector<std::string> names(const std::vector<std::shared_ptr<const Account>>& accounts)
{
    std::vector<std::string> names;
    for (const auto& account : accounts)
        names.push_back(account->config.name);
    return names;
}

using Names = std::vector<std::string>;

TEST(AccountSet, MakesTheWebSocketAddressOfABaseUrl)
{
    struct Case
    {
        const char* base_url;
        const char* scheme;
        const char* authority;
        const char* path;
    };
    const Case cases[] = {
        {"https://api.openai.com/v1", "wss", "api.openai.com", "/v1/responses"},
        {"https://api.openai.com/v1/", "wss", "api.openai.com", "/v1/responses"},
        {"https://api.openai.com/v1///", "wss", "api.openai.com", "/v1/responses"},
        {"http://localhost:8000", "ws", "localhost:8000", "/responses"},
        {"http://localhost:8000/", "ws", "localhost:8000", "/responses"},
        {"wss://h/v1", "wss", "h", "/v1/responses"},
        {"ws://h/v1", "ws", "h", "/v1/responses"},
        {"https://h/v1/responses", "wss", "h", "/v1/responses"},
        {"https://h/v1/responses/", "wss", "h", "/v1/responses"},
        {"https://h/v1?api-version=2", "wss", "h", "/v1/responses?api-version=2"},
        {"https://h/v1/?api-version=2/", "wss", "h", "/v1/responses?api-version=2/"},
        {"https://h/v1/responses?api-version=2", "wss", "h", "/v1/responses?api-version=2"},
        {"https://h?x=1", "wss", "h", "/responses?x=1"},
        {"https://[::1]:8443/v1", "wss", "[::1]:8443", "/v1/responses"},
        {"https://h:443/v1", "wss", "h", "/v1/responses"},
    };
    for (const Case& c : cases) {
        config::Config config;
        config.accounts = {account("main")};
        config.accounts[0].base_url = c.base_url;
        AccountLives lives;
        const AccountSet set(config, lives);
        const net::Url& url = set.all().front()->url;
        EXPECT_EQ(url.scheme, c.scheme) << c.base_url;
        EXPECT_EQ(url.authority(), c.authority) << c.base_url;
        EXPECT_EQ(url.path, c.path) << c.base_url;
    }
}

TEST(AccountSet, ReadsTheProxyIfThereIsOne)
{
    config::Config config;
    config.accounts = {account("plain"), account("behind")};
    config.accounts[1].proxy = "socks5h://u:p@proxy:1081";
    AccountLives lives;
    const AccountSet set(config, lives);
    EXPECT_FALSE(set.find("plain")->proxy);
    ASSERT_TRUE(set.find("behind")->proxy);
    EXPECT_EQ(set.find("behind")->proxy->host, "proxy");
    EXPECT_EQ(set.find("behind")->proxy->password, "p");
}

TEST(AccountSet, PutsTheBestPriorityFirstAndKeepsTheFilesOrderAmongEquals)
{
    config::Config config;
    config.accounts = {
        account("c", 2), account("a", 1), account("z", 0), account("b", 1), account("d", 2)};
    AccountLives lives;
    const AccountSet set(config, lives);
    EXPECT_EQ(names(set.all()), (Names{"z", "a", "b", "c", "d"}));
    EXPECT_EQ(names(set.candidates("default", "")), (Names{"z", "a", "b", "c", "d"}));
}

TEST(AccountSet, FindsByName)
{
    config::Config config;
    config.accounts = {account("a"), account("b")};
    AccountLives lives;
    const AccountSet set(config, lives);
    EXPECT_EQ(set.find("b")->config.name, "b");
    EXPECT_FALSE(set.find("c"));
    EXPECT_FALSE(set.find(""));
}

TEST(AccountSet, OffersOnlyThoseThatMayAnswer)
{
    config::Config config;
    config.accounts = {
        account("all"), account("mapped"), account("off"), account("gold"), account("both")};
    config.accounts[1].models = {{"gpt-5.2", "gpt-5.2-2025-12-11"}, {"small", "mini"}};
    config.accounts[2].mode = config::Mode::off;
    config.accounts[3].groups = {"gold"};
    config.accounts[4].groups = {"gold", "default"};
    config.accounts[4].models = {{"grok", "grok-4"}};
    AccountLives lives;
    const AccountSet set(config, lives);

    EXPECT_EQ(names(set.candidates("default", "gpt-5.2")), (Names{"all", "mapped"}));
    EXPECT_EQ(names(set.candidates("default", "grok")), (Names{"all", "both"}));
    EXPECT_EQ(names(set.candidates("default", "other")), Names{"all"});
    EXPECT_EQ(names(set.candidates("default", "")), (Names{"all", "mapped", "both"}));
    EXPECT_EQ(names(set.candidates("gold", "grok")), (Names{"gold", "both"}));
    EXPECT_EQ(names(set.candidates("silver", "grok")), Names{});

    EXPECT_TRUE(set.serves_group("default"));
    EXPECT_TRUE(set.serves_group("gold"));
    EXPECT_FALSE(set.serves_group("silver"));
}

TEST(AccountSet, ServesNoGroupWithAccountsThatAreOff)
{
    config::Config config;
    config.accounts = {account("off")};
    config.accounts[0].mode = config::Mode::off;
    AccountLives lives;
    const AccountSet set(config, lives);
    EXPECT_FALSE(set.serves_group("default"));
    EXPECT_TRUE(set.candidates("default", "").empty());
}

TEST(Account, MapsModels)
{
    config::Config config;
    config.accounts = {account("all"), account("mapped")};
    config.accounts[1].models = {{"gpt-5.2", "gpt-5.2-2025-12-11"}};
    AccountLives lives;
    const AccountSet set(config, lives);
    EXPECT_EQ(set.find("all")->upstream_model("anything"), "anything");
    EXPECT_EQ(set.find("mapped")->upstream_model("gpt-5.2"), "gpt-5.2-2025-12-11");
    EXPECT_EQ(set.find("mapped")->upstream_model("gpt-5.2-2025-12-11"), std::nullopt);
    EXPECT_EQ(set.find("mapped")->upstream_model(""), "");
}

TEST(AccountLives, KeepHealthAndBreakerOverAReloadAndTakeItsRules)
{
    config::Config config;
    config.accounts = {account("a")};
    AccountLives lives;
    const AccountSet before(config, lives);
    const core::Deadline now{std::chrono::hours(1)};
    auto permit = before.find("a")->standing->pass("", now);
    ASSERT_TRUE(permit);
    before.find("a")->settle(*permit, {Outcome::fault}, now);
    EXPECT_EQ(before.find("a")->life->health.errors.samples(), 1u);

    config.scheduler.breaker.failures = 2;
    const AccountSet after(config, lives);
    const Account& again = *after.find("a");
    EXPECT_EQ(again.life->health.errors.value(), 0.5);
    permit = again.standing->pass("", now);
    ASSERT_TRUE(permit);
    again.settle(*permit, {Outcome::fault}, now);
    EXPECT_EQ(again.standing->breaker().phase(now), Breaker::Phase::open);
}

TEST(AccountSet, TellsItsAccountsApartInADrawByTheirNames)
{
    config::Config config;
    config.accounts = {account("a"), account("b")};
    AccountLives lives;
    const AccountSet set(config, lives);
    AccountLives others;
    std::swap(config.accounts[0], config.accounts[1]);
    const AccountSet elsewhere(config, others);
    EXPECT_NE(set.find("a")->salt, set.find("b")->salt);
    EXPECT_EQ(set.find("a")->salt, elsewhere.find("a")->salt);
}

TEST(AccountLives, OutliveAConfiguration)
{
    config::Config config;
    config.accounts = {account("kept"), account("changed"), account("gone")};
    AccountLives lives;
    const AccountSet before(config, lives);
    before.find("kept")->life->connections = 7;

    config.accounts = {account("kept", 5), account("changed"), account("new")};
    config.accounts[1].concurrency = 2;
    const AccountSet after(config, lives);
    EXPECT_EQ(after.find("kept")->life, before.find("kept")->life);
    EXPECT_EQ(after.find("kept")->slots, before.find("kept")->slots);
    EXPECT_EQ(after.find("kept")->life->connections, 7u);
    EXPECT_EQ(after.find("changed")->life, before.find("changed")->life);
    EXPECT_EQ(after.find("changed")->slots, before.find("changed")->slots); // with a new limit
    EXPECT_FALSE(after.find("gone"));
    EXPECT_TRUE(after.find("new")->life);

    const auto limited = after.find("changed")->slots;
    EXPECT_TRUE(limited->try_acquire());
    EXPECT_TRUE(limited->try_acquire());
    EXPECT_FALSE(limited->try_acquire());
}

TEST(AccountLives, BeginANewStandingWithNewCredentials)
{
    config::Config config;
    config.accounts = {account("a")};
    AccountLives lives;
    const core::Deadline now{std::chrono::hours(1)};
    const AccountSet before(config, lives);
    auto late = before.find("a")->standing->pass("", now);
    auto permit = before.find("a")->standing->pass("", now);
    ASSERT_TRUE(late && permit);
    before.find("a")->settle(*permit, {Outcome::refused}, now);

    const AccountSet same(config, lives);
    EXPECT_EQ(fitness(*same.find("a"), "default", "", now), Fitness::refused);

    config.accounts[0].api_key = "rotated";
    const AccountSet after(config, lives);
    EXPECT_EQ(fitness(*after.find("a"), "default", "", now), Fitness::fits);
    EXPECT_NE(after.find("a")->credentials, before.find("a")->credentials);
    before.find("a")->settle(*late, {Outcome::refused}, now); // a turn of the old ones
    EXPECT_EQ(fitness(*after.find("a"), "default", "", now), Fitness::fits);
    EXPECT_EQ(fitness(*before.find("a"), "default", "", now), Fitness::refused);
}

TEST(AccountLives, KeepAnAccountDisabledOverAReload)
{
    config::Config config;
    config.accounts = {account("a")};
    AccountLives lives;
    AccountSet(config, lives).find("a")->standing->disable();
    config.accounts[0].api_key = "rotated";
    const AccountSet after(config, lives);
    EXPECT_EQ(fitness(*after.find("a"), "default", "", {}), Fitness::disabled);
}

TEST(AccountSet, HasNoCandidateTwiceForAGroupNamedTwice)
{
    config::Config config;
    config.accounts = {account("a")};
    config.accounts[0].groups = {"default", "default"};
    AccountLives lives;
    EXPECT_EQ(AccountSet(config, lives).candidates("default", "m").size(), 1u);
}

} // namespace
} // namespace turngate::accounts
