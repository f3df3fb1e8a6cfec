#include "commands.hpp"
#include "keys_command.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>

int main(int argc, char** argv)
{
    using namespace turngate::app;

    // A peer that went away, or a file at its size limit, is an error of a write, not the end of
    // the process.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);

    CLI::App app{"turngate: a gateway between clients of the Responses API over WebSocket and the "
                 "accounts that answer"};
    app.require_subcommand(1);
    app.footer("Exit codes: 0 fine, 1 bad configuration or arguments, 2 cannot start, 3 stopped by "
               "the drain deadline, 4 reconcile found differences");

    std::string config_path;
    const auto with_config = [&](CLI::App* command) {
        command->add_option("--config", config_path, "config.yaml")->required();
        return command;
    };

    std::string log_level;
    auto* serve_command = with_config(app.add_subcommand("serve", "Run the gateway"));
    serve_command
        ->add_option("--log-level", log_level, "debug, info, warn or error; instead of log.level")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));

    auto* check_command = app.add_subcommand(
        "check-config", "Check a configuration and say all that is wrong with it");
    check_command->add_option("config,--config", config_path, "config.yaml")->required();

    auto* migrate_command =
        with_config(app.add_subcommand("migrate", "Bring the usage database up to date"));

    UsageOptions usage;
    auto* usage_command =
        with_config(app.add_subcommand("usage", "Show what was used and what it cost"));
    usage_command->add_option("--since", usage.since, "24h, 7d, 2026-11-01 or an RFC 3339 time");
    usage_command->add_option("--by", usage.by, "Sums by key, user, group, account, model or day");
    usage_command->add_option("--limit", usage.limit, "Records to show, newest first")
        ->check(CLI::Range(1, 1000));
    usage_command->add_option("--cursor", usage.cursor, "next_cursor of the page before");
    auto* json_flag = usage_command->add_flag("--json", usage.json, "As /api/v1/usage gives it");
    usage_command->add_flag("--csv", usage.csv, "For spreadsheets")->excludes(json_flag);

    auto* keys_command = app.add_subcommand("keys", "Keys that live in the usage repository");
    keys_command->require_subcommand(1);
    NewKey key;
    auto* create_command = with_config(
        keys_command->add_subcommand("create", "Make a key; its secret is printed once"));
    create_command->add_option("--name", key.name, "For lists, logs and bills")->required();
    create_command->add_option("--user", key.user, "Whose it is")->required();
    create_command->add_option("--group", key.group, "One of the configuration's")->required();
    create_command->add_option("--quota-usd", key.quota_usd, "For all its bills; no limit without");
    create_command->add_option("--rpm", key.rpm, "Requests per minute; 0: no limit")
        ->check(CLI::Range(std::int64_t(0), std::int64_t(1'000'000'000)));
    create_command->add_option("--tpm", key.tpm, "Tokens per minute; 0: no limit")
        ->check(CLI::Range(std::int64_t(0), std::int64_t(1'000'000'000'000)));
    create_command->add_option("--expires", key.expires, "2027-01-31 or an RFC 3339 time");
    bool as_json = false;
    auto* list_command = with_config(keys_command->add_subcommand("list", "Show them"));
    list_command->add_flag("--json", as_json, "For programs");
    auto* revoke_command =
        with_config(keys_command->add_subcommand("revoke", "Close a key's sockets, for good"));
    revoke_command->add_option("--name", key.name, "Which")->required();

    auto* users_command = app.add_subcommand("users", "Users that live in the usage repository");
    users_command->require_subcommand(1);
    std::string user_name;
    std::string balance;
    auto* set_command =
        with_config(users_command->add_subcommand("set", "Say what a user has paid in"));
    set_command->add_option("--name", user_name, "Who")->required();
    set_command->add_option("--balance-usd", balance, "For all their bills; none: no limit")
        ->required();

    bool fix = false;
    auto* reconcile_command = with_config(
        app.add_subcommand("reconcile", "Compare the journal, the bills and the balances"));
    reconcile_command->add_flag("--fix", fix, "Put back missing bills, set balances right");
    reconcile_command->add_flag("--json", as_json, "For programs");
    std::string older_than;
    auto* retain_command =
        with_config(app.add_subcommand("retain", "Delete old bills; balances stay as they are"));
    retain_command->add_option("--older-than", older_than, "400d, 2026-01-01 or an RFC 3339 time")
        ->required();

    auto* version_command = app.add_subcommand("version", "Print the version");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_fine : exit_bad_input;
    }

    try {
        if (*serve_command)
            return serve(config_path, log_level);
        if (*check_command)
            return check_config(config_path);
        if (*migrate_command)
            return migrate(config_path);
        if (*usage_command) {
            usage.config = config_path;
            return show_usage(usage);
        }
        if (*create_command)
            return create_key(config_path, key);
        if (*list_command)
            return list_keys(config_path, as_json);
        if (*revoke_command)
            return revoke_key(config_path, key.name);
        if (*set_command)
            return set_user(config_path, user_name, balance);
        if (*reconcile_command)
            return reconcile(config_path, fix, as_json);
        if (*retain_command)
            return retain(config_path, older_than);
        if (*version_command)
            std::cout << "turngate " << TURNGATE_VERSION << '\n';
        return exit_fine;
    } catch (const std::exception& failure) {
        std::cerr << "turngate: " << failure.what() << '\n';
        return exit_cannot_start;
    }
}
