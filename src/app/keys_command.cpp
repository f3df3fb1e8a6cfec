#include "keys_command.hpp"

#include "commands.hpp"
#include "database.hpp"

#include "turngate/config/quantity.hpp"
#include "turngate/core/bytes.hpp"
#include "turngate/core/id.hpp"
#include "turngate/usage/report.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <stdexcept>

namespace turngate::app {
namespace {

// A mistake in the arguments: said on standard error, exit code 1.
class BadArgument : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

core::NanoUsd read_usd(const std::string& text, const char* option)
{
    const auto amount = config::parse_decimal(text, 9);
    if (!amount)
        throw BadArgument(std::string(option) + ": want an amount such as 25.00");
    return {*amount};
}

core::Timestamp read_expiry(const std::string& text)
{
    const auto now = core::wall_now();
    const auto at = core::read_time(text, now);
    if (!at || *at <= now)
        throw BadArgument("--expires: want a date or an RFC 3339 time to come");
    return *at;
}

void check_name(const std::string& name, const char* option)
{
    if (!config::is_name(name))
        throw BadArgument(std::string(option) + ": must be 1 to " +
                          std::to_string(config::kMaxName) + " printable characters");
}

std::string new_secret()
{
    std::array<std::uint8_t, 24> bytes{};
    core::random_bytes(bytes);
    return "sk-tg-" + core::to_hex(bytes);
}

usage::StoredKey stored_key(const NewKey& wanted, const config::Config& config)
{
    check_name(wanted.name, "--name");
    check_name(wanted.user, "--user");
    if (std::ranges::find(config.groups, wanted.group, &config::Group::name) == config.groups.end())
        throw BadArgument("--group: no group is named \"" + wanted.group + "\"");
    if (std::ranges::find(config.keys, wanted.name, &config::Key::name) != config.keys.end())
        throw BadArgument("--name: the configuration has a key of that name, and would win");
    usage::StoredKey key;
    key.name = wanted.name;
    key.user = wanted.user;
    key.group = wanted.group;
    if (!wanted.quota_usd.empty())
        key.quota = read_usd(wanted.quota_usd, "--quota-usd");
    key.rpm = wanted.rpm;
    key.tpm = wanted.tpm;
    if (!wanted.expires.empty())
        key.expires = read_expiry(wanted.expires);
    key.created = core::wall_now();
    return key;
}

// With the configuration and the ledger it names, or the exit code of what keeps it from them.
template <class Command>
int with_ledger(const std::string& config_path, Command command)
{
    const auto config = load_or_complain(config_path);
    if (!config)
        return exit_bad_input;
    Database database(config->usage);
    const auto ledger = database.open();
    try {
        command(*config, *ledger);
    } catch (const BadArgument& mistake) {
        std::cerr << mistake.what() << '\n';
        return exit_bad_input;
    }
    return exit_fine;
}

} // namespace

int create_key(const std::string& config_path, const NewKey& wanted)
{
    return with_ledger(config_path, [&](const config::Config& config, usage::Ledger& ledger) {
        usage::StoredKey key = stored_key(wanted, config);
        const std::string secret = new_secret();
        key.digest = core::sha256(secret);
        if (!ledger.create_key(key))
            throw BadArgument("--name: there is, or was, a key of that name");
        std::cout << secret << '\n';
    });
}

int list_keys(const std::string& config_path, bool json)
{
    return with_ledger(config_path, [&](const config::Config&, usage::Ledger& ledger) {
        if (json)
            std::cout << usage::to_json(ledger.keys()) << '\n';
        else
            usage::print(std::cout, ledger.keys());
    });
}

int revoke_key(const std::string& config_path, const std::string& name)
{
    return with_ledger(config_path, [&](const config::Config& config, usage::Ledger& ledger) {
        if (ledger.revoke_key(name, core::wall_now()))
            return;
        const bool is_in_file =
            std::ranges::find(config.keys, name, &config::Key::name) != config.keys.end();
        throw BadArgument(is_in_file ? "--name: that key is in the configuration: take it out there"
                                     : "--name: no live key has that name");
    });
}

int set_user(const std::string& config_path,
             const std::string& name,
             const std::string& balance_usd)
{
    return with_ledger(config_path, [&](const config::Config& config, usage::Ledger& ledger) {
        check_name(name, "--name");
        const auto user = std::ranges::find(config.users, name, &config::User::name);
        if (user != config.users.end() && user->balance)
            throw BadArgument("--name: the configuration has that user's balance, and would win");
        if (balance_usd == "none")
            ledger.set_credit(name, std::nullopt);
        else
            ledger.set_credit(name, read_usd(balance_usd, "--balance-usd"));
    });
}

} // namespace turngate::app
