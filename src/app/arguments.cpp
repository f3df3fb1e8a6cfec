#include "arguments.hpp"

namespace turngate::app {
namespace {

constexpr std::int64_t kMostRequests = 1'000'000'000;
constexpr std::int64_t kMostTokens = 1'000'000'000'000;

template <class Rate>
void add_rates(CLI::App& command, Rate& rpm, Rate& tpm)
{
    command.add_option("--rpm", rpm, "Requests per minute; 0: no limit")
        ->check(CLI::Range(std::int64_t(0), kMostRequests));
    command.add_option("--tpm", tpm, "Tokens per minute; 0: no limit")
        ->check(CLI::Range(std::int64_t(0), kMostTokens));
}

void add_key_creation(CLI::App& keys, Arguments& given)
{
    NewKey& key = given.key;
    auto* command = add_with_config(
        keys, given, "create", "Make a key; its secret is printed once", [&given, &key] {
            return create_key(given.config, key);
        });
    command->add_option("--name", key.name, "For lists, logs and bills")->required();
    command->add_option("--user", key.user, "Whose it is")->required();
    command->add_option("--group", key.group, "One of the configuration's")->required();
    command->add_option("--quota-usd", key.quota_usd, "For all bills of that name; else no limit");
    add_rates(*command, key.rpm, key.tpm);
    command->add_option("--expires", key.expires, "2027-01-31 or an RFC 3339 time");
}

void add_key_change(CLI::App& keys, Arguments& given)
{
    KeyEdit& edit = given.key_edit;
    auto* command =
        add_with_config(keys, given, "set", "Change a key; what is not given stays", [&given] {
            return set_key(given.config, given.key.name, given.key_edit);
        });
    command->add_option("--name", given.key.name, "Which")->required();
    command->add_option("--quota-usd", edit.quota_usd, "For all its bills; none: no limit");
    add_rates(*command, edit.rpm, edit.tpm);
    command->add_option("--expires", edit.expires, "2027-01-31, an RFC 3339 time, or none");
}

void add_keys(CLI::App& app, Arguments& given)
{
    CLI::App& keys = *app.add_subcommand("keys", "Keys that live in the usage repository");
    keys.require_subcommand(1);
    add_key_creation(keys, given);
    add_key_change(keys, given);
    add_with_config(keys, given, "list", "Show them", [&given] {
        return list_keys(given.config, given.json);
    })->add_flag("--json", given.json, "For programs");
    add_with_config(keys,
                    given,
                    "revoke",
                    "Close a key's sockets, for good",
                    [&given] { return revoke_key(given.config, given.key.name); })
        ->add_option("--name", given.key.name, "Which")
        ->required();
}

void add_users(CLI::App& app, Arguments& given)
{
    CLI::App& users = *app.add_subcommand("users", "What users paid in and spent");
    users.require_subcommand(1);
    CreditChange& credit = given.credit;
    auto* add = add_with_config(users, given, "credit", "Add to what a user paid in", [&given] {
        return credit_user(given.config, given.credit);
    });
    add->add_option("--name", credit.user, "Who")->required();
    add->add_option("--usd", credit.usd, "+25, or -5 to take some back")->required();
    add->add_option("--note", credit.note, "Why, for the book");

    auto* set = add_with_config(users, given, "set", "Say what a user paid in", [&given] {
        return set_user(given.config, given.credit);
    });
    set->add_option("--name", credit.user, "Who")->required();
    set->add_option("--balance-usd", credit.usd, "For all their bills; none: no limit")->required();
    set->add_option("--note", credit.note, "Why, for the book");

    add_with_config(users, given, "list", "Show them", [&given] {
        return list_users(given.config, given.json);
    })->add_flag("--json", given.json, "For programs");

    auto* show = add_with_config(users, given, "show", "Show a user and the book", [&given] {
        return show_user(given.config, given.credit.user, given.json);
    });
    show->add_option("--name", credit.user, "Who")->required();
    show->add_flag("--json", given.json, "For programs");
}

void add_letters(CLI::App& app, Arguments& given)
{
    CLI::App& letters = *app.add_subcommand("dead-letters", "Bills that the database refused");
    letters.require_subcommand(1);
    auto* list = add_with_config(letters, given, "list", "Show them, and why", [&given] {
        return list_letters(given.config, given.letters, given.json);
    });
    list->add_option("--limit", given.letters, "The newest")->check(CLI::Range(1, 1'000'000));
    list->add_flag("--json", given.json, "For programs, with the bills");

    auto* retry = add_with_config(letters, given, "retry", "Try to settle them again", [&given] {
        return retry_letters(given.config, given.letter, given.json);
    });
    retry->add_option("--uid", given.letter, "Only the letter of this response_uid");
    retry->add_flag("--json", given.json, "For programs");
}

} // namespace

CLI::App* add(
    CLI::App& to, Arguments& given, const char* name, const char* what, std::function<int()> run)
{
    CLI::App* command = to.add_subcommand(name, what);
    command->callback([&given, run] { given.run = run; });
    return command;
}

CLI::App* add_with_config(
    CLI::App& to, Arguments& given, const char* name, const char* what, std::function<int()> run)
{
    CLI::App* command = add(to, given, name, what, std::move(run));
    command->add_option("--config", given.config, "config.yaml")
        ->envname("TURNGATE_CONFIG")
        ->capture_default_str();
    return command;
}

void add_principals(CLI::App& app, Arguments& given)
{
    add_keys(app, given);
    add_users(app, given);
    add_letters(app, given);
}

} // namespace turngate::app
