#include "balances_json.hpp"

#include "turngate/access/principal.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <vector>

namespace turngate::app {
namespace {

using Json = nlohmann::ordered_json;

struct Account
{
    std::optional<core::NanoUsd> limit;
    core::NanoUsd spent;
};
using Accounts = std::map<std::string, Account>; // by name

Json number(std::optional<core::NanoUsd> amount)
{
    return amount ? Json(amount->value) : Json();
}

// The file wins.
void put_limit(Accounts& accounts, const std::string& name, std::optional<core::NanoUsd> limit)
{
    Account& account = accounts[name];
    account.limit = limit ? limit : account.limit;
}

Accounts users_of(const usage::Balances& stored, const config::Config& config)
{
    Accounts users;
    for (const usage::UserBalance& user : stored.users)
        users[user.user] = {user.credit, user.spent};
    for (const config::User& user : config.users)
        put_limit(users, user.name, user.balance);
    return users;
}

Accounts keys_of(const usage::Balances& stored, const config::Config& config)
{
    Accounts keys;
    for (const usage::KeyBalance& key : stored.keys)
        keys[key.key] = {key.quota, key.used};
    for (const config::Key& key : config.keys)
        keys[key.name].limit = key.quota;
    return keys;
}

std::vector<core::NanoUsd> held(state::Budgets& budgets,
                                const Accounts& accounts,
                                std::string (*subject_of)(std::string_view))
{
    std::vector<std::string> subjects;
    for (const auto& [name, account] : accounts)
        subjects.push_back(subject_of(name));
    return budgets.held(subjects);
}

Json users_json(const Accounts& users, state::Budgets& budgets)
{
    Json all = Json::array();
    const auto amounts = held(budgets, users, access::user_subject);
    auto amount = amounts.begin();
    for (const auto& [name, user] : users) {
        const auto left = user.limit ? std::optional(*user.limit - user.spent) : std::nullopt;
        all.push_back({{"user", name},
                       {"balance_nano_usd", number(left)},
                       {"spent_nano_usd", user.spent.value},
                       {"held_nano_usd", (amount++)->value}});
    }
    return all;
}

Json keys_json(const Accounts& keys, state::Budgets& budgets)
{
    Json all = Json::array();
    const auto amounts = held(budgets, keys, access::key_subject);
    auto amount = amounts.begin();
    for (const auto& [name, key] : keys)
        all.push_back({{"key", name},
                       {"quota_nano_usd", number(key.limit)},
                       {"used_nano_usd", key.spent.value},
                       {"held_nano_usd", (amount++)->value}});
    return all;
}

} // namespace

std::string balances_json(const usage::Balances& stored,
                          const config::Config& config,
                          state::Budgets& budgets)
{
    const Json json{{"users", users_json(users_of(stored, config), budgets)},
                    {"keys", keys_json(keys_of(stored, config), budgets)}};
    return json.dump();
}

} // namespace turngate::app
