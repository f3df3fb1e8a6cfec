#include "credentials.hpp"

#include "unit/usage/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace turngate::app {
namespace {

using namespace std::chrono_literals;
using Secrets = std::vector<std::string>;

// What the process does with a new secret, but for the loops.
class Vault
{
public:
    config::Account& add(const std::string& name)
    {
        config::Account& account = config_.accounts.emplace_back();
        account.name = name;
        account.base_url = "https://x.test/v1";
        return account;
    }
    void begin() { watch(); }
    Secrets until(const std::string& account, std::size_t count)
    {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, 60s, [&] { return told_[account].size() >= count; }))
            << account;
        return told_[account];
    }
    std::shared_ptr<const accounts::Account> find(const std::string& name)
    {
        const std::lock_guard lock(mutex_);
        return accounts_->find(name);
    }

private:
    void watch()
    {
        const std::lock_guard lock(mutex_);
        accounts_ = std::make_unique<accounts::AccountSet>(config_, lives_);
        credentials_.watch(*accounts_);
    }
    void renew(const Credentials::Secrets& secrets)
    {
        {
            const std::lock_guard lock(mutex_);
            for (config::Account& account : config_.accounts)
                if (const auto found = secrets.find(account.name); found != secrets.end())
                    account.api_key = found->second;
        }
        watch();
        const std::lock_guard lock(mutex_);
        for (const auto& [name, secret] : secrets)
            told_[name].push_back(secret);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    config::Config config_;
    std::map<std::string, Secrets> told_;
    accounts::AccountLives lives_;
    std::unique_ptr<accounts::AccountSet> accounts_;
    Credentials credentials_{[this](const Credentials::Secrets& secrets) { renew(secrets); }};
};

void refuse(const accounts::Account& account)
{
    const auto now = core::Clock::now();
    auto permit = account.standing->pass_anyway("", now);
    accounts::Standing::settle(permit, {accounts::Outcome::refused}, now);
}

TEST(Credentials, ComeAgainFromAFileThatHasChanged)
{
    const usage::TempDir dir;
    const std::string path = dir / "secret";
    usage::write_file(path, "first\n");
    Vault vault;
    config::Account& account = vault.add("a");
    account.api_key = "first";
    account.api_key_file = path;
    vault.begin();
    usage::write_file(path, "second\n");
    EXPECT_EQ(vault.until("a", 1), Secrets{"second"});
    usage::write_file(path, ""); // no secret: the old one stays
    usage::write_file(dir / "new", "third");
    std::filesystem::rename(dir / "new", path);
    EXPECT_EQ(vault.until("a", 2).back(), "third");
}

TEST(Credentials, ComeFromAProgramAndAgainWhenTheyWereRefused)
{
    const usage::TempDir dir;
    const std::string count = dir / "count";
    Vault vault;
    config::Account& account = vault.add("a");
    account.credentials.command = {
        "sh", "-c", "echo x >>'" + count + "'; echo secret-$(wc -l <'" + count + "')"};
    account.credentials.refresh = 24h;
    vault.begin();
    EXPECT_EQ(vault.until("a", 1), Secrets{"secret-1"});
    EXPECT_FALSE(vault.find("a")->is_off());
    const auto refused = vault.find("a");
    refuse(*refused);
    EXPECT_EQ(vault.until("a", 2).back(), "secret-2");
    EXPECT_NE(vault.find("a")->standing, refused->standing);
}

TEST(Credentials, ComeAgainWhenItIsTime)
{
    const usage::TempDir dir;
    const std::string count = dir / "count";
    Vault vault;
    config::Account& account = vault.add("a");
    account.credentials = {
        {"sh", "-c", "echo x >>'" + count + "'; echo secret-$(wc -l <'" + count + "')"}, 1s};
    vault.begin();
    EXPECT_EQ(vault.until("a", 3), (Secrets{"secret-1", "secret-2", "secret-3"}));
}

// One that hangs holds up nobody, and the process does not wait for it.
TEST(Credentials, AreOutUntilTheyAreThere)
{
    Vault vault;
    vault.add("hangs").credentials.command = {"sleep", "1000"};
    vault.add("fails").credentials.command = {"false"};
    vault.add("fine").credentials.command = {"echo", "secret"};
    vault.begin();
    EXPECT_TRUE(vault.find("fine")->is_off());
    vault.until("fine", 1);
    EXPECT_FALSE(vault.find("fine")->is_off());
    EXPECT_TRUE(vault.find("hangs")->is_off());
    EXPECT_TRUE(vault.find("fails")->is_off());
    EXPECT_FALSE(vault.find("fails")->serves("default"));
}

} // namespace
} // namespace turngate::app
