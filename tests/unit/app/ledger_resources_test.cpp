#include "ledger_resources.hpp"

#include "turngate/core/id.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace turngate::app {
namespace {

using Json = nlohmann::json;

struct Said
{
    int status;
    Json body;
};

// A ledger with users and keys, asked as over admin HTTP.
class LedgerResources : public testing::Test
{
protected:
    LedgerResources()
    {
        config_->groups.emplace_back().name = "default";
        config::User fixed;
        fixed.name = "fixed";
        fixed.balance = core::NanoUsd{3};
        config_->users.push_back(fixed);
        config::Key of_file;
        of_file.name = "of file";
        config_->keys.push_back(of_file);
    }
    ~LedgerResources() override { std::filesystem::remove_all(dir_); }

    Said ask(const std::string& method,
             std::vector<std::string> path,
             const std::string& body = "",
             std::vector<std::pair<std::string, std::string>> query = {})
    {
        const std::string resource = "/api/v1/" + path.front();
        path.erase(path.begin());
        for (const admin::Resource& each : resources_) {
            if (each.path != resource)
                continue;
            const auto answer = each.answer(
                {method, std::move(path), std::move(query), body, "admin ::1"}, *ledger_);
            return {answer.status, Json::parse(answer.body)};
        }
        return {0, {}};
    }

    const std::string dir_ = testing::TempDir() + core::uuid7();
    const std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
    const std::vector<admin::Resource> resources_ = ledger_resources([this] { return config_; });
    const std::unique_ptr<usage::Ledger> ledger_ = usage::open_sqlite(dir_ + "/usage.db");
};

TEST_F(LedgerResources, MakeAKeyWhoseSecretIsShownOnce)
{
    const Said made = ask("POST",
                          {"keys"},
                          R"({"name":"k/1","user":"ann","quota_usd":"2.5","rpm":7,)"
                          R"("expires":"2100-01-01"})");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string secret = made.body.at("secret");
    EXPECT_EQ(made.body.at("quota_nano_usd"), 2'500'000'000);
    EXPECT_EQ(made.body.at("group"), "default");
    EXPECT_EQ(ledger_->find_key("k/1").value().digest, core::sha256(secret));
    const Said listed = ask("GET", {"keys"});
    EXPECT_EQ(listed.body.at("data").size(), 1u);
    EXPECT_EQ(listed.body.dump().find(secret), std::string::npos);
    EXPECT_EQ(ask("GET", {"keys", "k/1"}).body.at("rpm"), 7);
}

TEST_F(LedgerResources, ChangeAndRevokeAKey)
{
    ask("POST", {"keys"}, R"({"name":"k","user":"ann","quota_usd":1})");
    const Said changed = ask("PATCH", {"keys", "k"}, R"({"quota_usd":null,"tpm":9})");
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_TRUE(changed.body.at("quota_nano_usd").is_null());
    EXPECT_EQ(changed.body.at("tpm"), 9);
    EXPECT_FALSE(ask("DELETE", {"keys", "k"}).body.at("revoked_at").is_null());
    EXPECT_EQ(ask("DELETE", {"keys", "k"}).status, 404);
    EXPECT_EQ(ask("PATCH", {"keys", "k"}, "{}").status, 404);
    EXPECT_EQ(ask("POST", {"keys"}, R"({"name":"k","user":"bob"})").status, 201);
}

TEST_F(LedgerResources, LeaveWhatTheConfigurationHasToIt)
{
    EXPECT_EQ(ask("POST", {"keys"}, R"({"name":"of file","user":"ann"})").status, 409);
    EXPECT_EQ(ask("PATCH", {"keys", "of file"}, "{}").status, 409);
    EXPECT_EQ(ask("DELETE", {"keys", "of file"}).status, 409);
    EXPECT_EQ(ask("POST", {"users", "fixed", "credit"}, R"({"usd":"1"})").status, 409);
    EXPECT_EQ(ask("GET", {"users", "fixed"}).body.at("balance_nano_usd"), 3);
}

TEST_F(LedgerResources, KeepWhoMovedACreditAndWhy)
{
    EXPECT_EQ(ask("POST", {"users", "ann", "credit"}, R"({"usd":"+2","note":"June"})").status, 200);
    EXPECT_EQ(ask("POST", {"users", "ann", "credit"}, R"({"usd":-0.5})").body.at("credit_nano_usd"),
              1'500'000'000);
    const Json book = ask("GET", {"users", "ann"}).body.at("book");
    ASSERT_EQ(book.size(), 2u);
    EXPECT_EQ(book[1].at("by"), "admin ::1");
    EXPECT_EQ(book[1].at("note"), "June");
    EXPECT_TRUE(ask("PATCH", {"users", "ann"}, R"({"balance_usd":null})")
                    .body.at("credit_nano_usd")
                    .is_null());
    EXPECT_EQ(ask("GET", {"users"}).body.at("data").size(), 2u);
    EXPECT_EQ(ask("GET", {"users", "nobody"}).status, 404);
}

TEST_F(LedgerResources, SayWhatIsWrongWithARequest)
{
    for (const char* body : {"",
                             "[]",
                             "{",
                             R"({"name":"k"})",
                             R"({"name":"k","user":"a","colour":1})",
                             R"({"name":"k","user":"a","group":"none such"})",
                             R"({"name":"k","user":"a","rpm":-1})",
                             R"({"name":"k","user":"a","rpm":1.5})",
                             R"({"name":"k","user":"a","rpm":18446744073709551615})",
                             R"({"name":"k","user":"a","quota_usd":true})",
                             R"({"name":"k","user":"a","quota_usd":-1})",
                             R"({"name":"k","user":"a","expires":"2001-01-01"})",
                             R"({"name":"","user":"a"})"})
        EXPECT_EQ(ask("POST", {"keys"}, body).status, 400) << body;
    EXPECT_TRUE(ledger_->keys().empty());
    EXPECT_EQ(ask("POST", {"users", "ann", "credit"}, R"({"usd":0})").status, 400);
    EXPECT_EQ(ask("POST", {"users", "ann", "credit"}, R"({"usd":"99999999999999999999"})").status,
              400);
    EXPECT_EQ(ask("PUT", {"keys"}).status, 404);
    EXPECT_EQ(ask("GET", {"keys", "a", "b"}).status, 404);
}

TEST_F(LedgerResources, ShowDeadLetters)
{
    usage::UsageRecord refused;
    refused.response_uid = "uid";
    ledger_->bury(refused, "why");
    const Json data = ask("GET", {"dead-letters"}).body.at("data");
    ASSERT_EQ(data.size(), 1u);
    EXPECT_EQ(data[0].at("reason"), "why");
    EXPECT_EQ(data[0].at("record").at("response_uid"), "uid");
    EXPECT_EQ(ask("GET", {"dead-letters"}, "", {{"limit", "0"}}).status, 400);
}

} // namespace
} // namespace turngate::app
