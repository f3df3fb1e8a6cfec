#include "principals.hpp"

#include "turngate/config/quantity.hpp"
#include "turngate/core/bytes.hpp"
#include "turngate/core/id.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace turngate::app {
namespace {

using Why = Refused::Why;

constexpr std::int64_t kMostRequests = 1'000'000'000;
constexpr std::int64_t kMostTokens = 1'000'000'000'000;

std::optional<core::NanoUsd> read_limit(const std::string& text, const char* field)
{
    if (text.empty() || text == "none")
        return std::nullopt;
    const auto amount = config::parse_decimal(text, 9);
    if (!amount)
        throw Refused(Why::mistaken, field, "want an amount such as 25.00, or none");
    return core::NanoUsd{*amount};
}

core::NanoUsd read_signed(const std::string& text)
{
    const bool is_negative = text.starts_with('-');
    const bool has_sign = is_negative || text.starts_with('+');
    const auto amount = config::parse_decimal(text.substr(has_sign ? 1 : 0), 9);
    if (!amount || *amount == 0)
        throw Refused(Why::mistaken, "usd", "want an amount such as 25.00, +25 or -5");
    return {is_negative ? -*amount : *amount};
}

std::optional<core::Timestamp> read_expiry(const std::string& text)
{
    if (text.empty() || text == "none")
        return std::nullopt;
    const auto now = core::wall_now();
    const auto at = core::read_time(text, now);
    if (!at || *at <= now)
        throw Refused(Why::mistaken, "expires", "want a date or an RFC 3339 time to come, or none");
    return *at;
}

std::int64_t checked(std::int64_t rate, std::int64_t most, const char* field)
{
    if (rate < 0 || rate > most)
        throw Refused(Why::mistaken, field, "must be 0 to " + std::to_string(most));
    return rate;
}

void check_name(const std::string& name, const char* field)
{
    if (!config::is_name(name))
        throw Refused(Why::mistaken,
                      field,
                      "must be 1 to " + std::to_string(config::kMaxName) + " printable characters");
}

std::string new_secret()
{
    std::array<std::uint8_t, 24> bytes{};
    core::random_bytes(bytes);
    return "sk-tg-" + core::to_hex(bytes);
}

bool has_key(const config::Config& config, const std::string& name)
{
    return std::ranges::find(config.keys, name, &config::Key::name) != config.keys.end();
}

void want_key_outside(const config::Config& config, const std::string& name)
{
    if (has_key(config, name))
        throw Refused(Why::taken, "name", "that key is in the configuration: change it there");
}

// Which was found live a moment ago.
usage::StoredKey known_key(usage::Ledger& ledger, const std::string& name)
{
    auto key = ledger.find_key(name);
    if (!key)
        throw Refused(Why::unknown, "name", "no live key has that name");
    return *key;
}

void want_credit_outside(const config::Config& config, const std::string& name)
{
    check_name(name, "name");
    const auto user = std::ranges::find(config.users, name, &config::User::name);
    if (user != config.users.end() && user->balance)
        throw Refused(Why::taken,
                      "name",
                      "the configuration has that user's balance, and would win: change it there");
}

} // namespace

MadeKey make_key(usage::Ledger& ledger, const config::Config& config, const NewKey& wanted)
{
    check_name(wanted.name, "name");
    check_name(wanted.user, "user");
    if (std::ranges::find(config.groups, wanted.group, &config::Group::name) == config.groups.end())
        throw Refused(Why::mistaken, "group", "no group is named \"" + wanted.group + "\"");
    if (has_key(config, wanted.name))
        throw Refused(
            Why::taken, "name", "the configuration has a key of that name, and would win");
    MadeKey made;
    made.secret = new_secret();
    usage::StoredKey& key = made.key;
    key.name = wanted.name;
    key.digest = core::sha256(made.secret);
    key.user = wanted.user;
    key.group = wanted.group;
    key.quota = read_limit(wanted.quota_usd, "quota_usd");
    key.rpm = checked(wanted.rpm, kMostRequests, "rpm");
    key.tpm = checked(wanted.tpm, kMostTokens, "tpm");
    key.expires = read_expiry(wanted.expires);
    key.created = core::wall_now();
    if (!ledger.create_key(key))
        throw Refused(Why::taken, "name", "there is a key of that name");
    key = known_key(ledger, wanted.name); // with what its name has used
    return made;
}

usage::StoredKey change_key(usage::Ledger& ledger,
                            const config::Config& config,
                            const std::string& name,
                            const KeyEdit& edit)
{
    want_key_outside(config, name);
    usage::KeyChange change;
    if (edit.quota_usd)
        change.quota = read_limit(*edit.quota_usd, "quota_usd");
    if (edit.rpm)
        change.rpm = checked(*edit.rpm, kMostRequests, "rpm");
    if (edit.tpm)
        change.tpm = checked(*edit.tpm, kMostTokens, "tpm");
    if (edit.expires)
        change.expires = read_expiry(*edit.expires);
    if (!ledger.change_key(name, change))
        throw Refused(Why::unknown, "name", "no live key has that name");
    return known_key(ledger, name);
}

usage::StoredKey revoke_key(usage::Ledger& ledger,
                            const config::Config& config,
                            const std::string& name)
{
    if (!ledger.revoke_key(name, core::wall_now())) {
        want_key_outside(config, name);
        throw Refused(Why::unknown, "name", "no live key has that name");
    }
    return known_key(ledger, name);
}

usage::UserBalance add_credit(usage::Ledger& ledger,
                              const config::Config& config,
                              const std::string& user,
                              const std::string& usd,
                              const usage::CreditReason& reason)
{
    want_credit_outside(config, user);
    const core::NanoUsd amount = read_signed(usd);
    try {
        ledger.add_credit(user, amount, reason);
    } catch (const usage::RecordRefused&) {
        throw Refused(Why::mistaken, "usd", "the credit would be more than can be counted");
    }
    return find_user(ledger, config, user);
}

usage::UserBalance set_credit(usage::Ledger& ledger,
                              const config::Config& config,
                              const std::string& user,
                              const std::string& usd,
                              const usage::CreditReason& reason)
{
    want_credit_outside(config, user);
    if (usd.empty())
        throw Refused(Why::mistaken, "balance_usd", "want an amount such as 25.00, or none");
    ledger.set_credit(user, read_limit(usd, "balance_usd"), reason);
    return find_user(ledger, config, user);
}

std::vector<usage::UserBalance> list_users(usage::Ledger& ledger, const config::Config& config)
{
    std::map<std::string, usage::UserBalance> all;
    for (usage::UserBalance& user : ledger.balances().users)
        all.emplace(user.user, user);
    for (const config::User& user : config.users) {
        usage::UserBalance& known = all[user.name];
        known.user = user.name;
        if (user.balance)
            known.credit = user.balance;
    }
    std::vector<usage::UserBalance> users;
    for (auto& [name, user] : all)
        users.push_back(std::move(user));
    return users;
}

usage::UserBalance find_user(usage::Ledger& ledger,
                             const config::Config& config,
                             const std::string& name)
{
    auto user = ledger.find_user(name);
    const auto of_file = std::ranges::find(config.users, name, &config::User::name);
    const bool is_in_file = of_file != config.users.end();
    if (!user && !is_in_file)
        throw Refused(Why::unknown, "name", "no user has that name");
    if (!user)
        user.emplace().user = name;
    if (is_in_file && of_file->balance)
        user->credit = of_file->balance;
    return *user;
}

} // namespace turngate::app
