#include "principals_command.hpp"

#include "commands.hpp"
#include "with_ledger.hpp"

#include "turngate/usage/report.hpp"

#include <pwd.h>
#include <unistd.h>

#include <iostream>

namespace turngate::app {
namespace {

using usage::Opening;

constexpr unsigned kMostEntries = 1000;

// Who is at the terminal, as far as the system knows.
std::string who()
{
    const ::passwd* user = ::getpwuid(::getuid());
    return user ? user->pw_name : "uid " + std::to_string(::getuid());
}

template <class Items>
void show(const Items& items, bool json)
{
    if (json)
        std::cout << usage::to_json(items) << '\n';
    else
        usage::print(std::cout, items);
}

int change_credit(const std::string& config_path,
                  const CreditChange& change,
                  decltype(add_credit) work)
{
    return with_ledger(
        config_path, Opening::to_write, [&](const config::Config& config, usage::Ledger& ledger) {
            const auto user = work(ledger, config, change.user, change.usd, {who(), change.note});
            usage::print(std::cout, std::vector{user});
            return exit_fine;
        });
}

} // namespace

int create_key(const std::string& config_path, const NewKey& wanted)
{
    return with_ledger(
        config_path, Opening::to_write, [&](const config::Config& config, usage::Ledger& ledger) {
            const MadeKey made = make_key(ledger, config, wanted);
            std::cout << made.secret << '\n';
            if (made.key.used.value != 0)
                std::cerr << "note: the name has bills already; they count against the quota\n";
            return exit_fine;
        });
}

int set_key(const std::string& config_path, const std::string& name, const KeyEdit& edit)
{
    return with_ledger(
        config_path, Opening::to_write, [&](const config::Config& config, usage::Ledger& ledger) {
            const auto key = change_key(ledger, config, name, edit);
            usage::print(std::cout, std::vector{key});
            return exit_fine;
        });
}

int list_keys(const std::string& config_path, bool json)
{
    return with_ledger(
        config_path, Opening::to_read, [&](const config::Config&, usage::Ledger& ledger) {
            show(ledger.keys(), json);
            return exit_fine;
        });
}

int revoke_key(const std::string& config_path, const std::string& name)
{
    return with_ledger(
        config_path, Opening::to_write, [&](const config::Config& config, usage::Ledger& ledger) {
            revoke_key(ledger, config, name);
            return exit_fine;
        });
}

int set_user(const std::string& config_path, const CreditChange& change)
{
    return change_credit(config_path, change, set_credit);
}

int credit_user(const std::string& config_path, const CreditChange& change)
{
    return change_credit(config_path, change, add_credit);
}

int list_users(const std::string& config_path, bool json)
{
    return with_ledger(
        config_path, Opening::to_read, [&](const config::Config& config, usage::Ledger& ledger) {
            show(list_users(ledger, config), json);
            return exit_fine;
        });
}

int show_user(const std::string& config_path, const std::string& name, bool json)
{
    return with_ledger(
        config_path, Opening::to_read, [&](const config::Config& config, usage::Ledger& ledger) {
            const auto user = find_user(ledger, config, name);
            const auto book = ledger.credit_book(name, kMostEntries);
            if (json) {
                std::cout << usage::to_json(user, book) << '\n';
                return exit_fine;
            }
            usage::print(std::cout, std::vector{user});
            std::cout << '\n';
            usage::print(std::cout, book);
            return exit_fine;
        });
}

int list_letters(const std::string& config_path, unsigned limit, bool json)
{
    return with_ledger(
        config_path, Opening::to_read, [&](const config::Config&, usage::Ledger& ledger) {
            show(ledger.dead_letters(limit), json);
            return exit_fine;
        });
}

int retry_letters(const std::string& config_path, const std::string& response_uid, bool json)
{
    return with_ledger(
        config_path, Opening::to_write, [&](const config::Config&, usage::Ledger& ledger) {
            const Retried retried =
                response_uid.empty() ? retry_letters(ledger) : retry_letter(ledger, response_uid);
            if (json) {
                std::cout << to_json(retried) << '\n';
            } else {
                std::cout << retried.settled << " settled, " << retried.refused.size()
                          << " refused again\n";
                for (const auto& [uid, reason] : retried.refused)
                    std::cout << "  " << uid << ": " << reason << '\n';
            }
            return retried.refused.empty() ? exit_fine : exit_uneven;
        });
}

} // namespace turngate::app
