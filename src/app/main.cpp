#include "arguments.hpp"
#include "commands.hpp"
#include "prices_command.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <functional>
#include <iostream>

namespace turngate::app {
namespace {

void add_daemon(CLI::App& app, Arguments& given)
{
    auto* serve_command = add_with_config(app, given, "serve", "Run the gateway", [&given] {
        return serve(given.config, given.log_level);
    });
    serve_command
        ->add_option(
            "--log-level", given.log_level, "debug, info, warn or error; instead of log.level")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));

    add(app,
        given,
        "check-config",
        "Check a configuration and say all that is wrong with it",
        [&given] { return check_config(given.config); })
        ->add_option("config,--config", given.config, "config.yaml")
        ->required();

    add(app, given, "version", "Print the version", [] {
        std::cout << "turngate " << TURNGATE_VERSION << '\n';
        return exit_fine;
    });
}

void add_usage(CLI::App& app, Arguments& given)
{
    UsageOptions& usage = given.usage;
    auto* command = add_with_config(
        app, given, "usage", "Show what was used and what it cost", [&given, &usage] {
            usage.config = given.config;
            return show_usage(usage);
        });
    command->add_option("--since", usage.since, "24h, 7d, 2026-11-01 or an RFC 3339 time");
    command->add_option("--until", usage.until, "As --since; that moment is none of it");
    command->add_option("--by", usage.by, "Sums by key, user, group, account, model or day");
    command->add_option("--key", usage.query.key, "Of this key alone");
    command->add_option("--user", usage.query.user, "Of this user alone");
    command->add_option("--account", usage.query.account, "Of this account alone");
    command->add_option("--model", usage.query.model, "Of this model alone, as it was asked for");
    command->add_option("--limit", usage.query.limit, "Records to show, newest first")
        ->check(CLI::Range(1, 1000));
    auto* cursor =
        command->add_option("--cursor", usage.query.cursor, "next_cursor of the page before");
    command
        ->add_option("--after",
                     usage.query.after,
                     "Records that settled after this settled_seq, in the order of settling")
        ->excludes(cursor);
    auto* json = command->add_flag("--json", usage.json, "As /api/v1/usage gives it");
    command->add_flag("--csv", usage.csv, "For spreadsheets")->excludes(json);
}

void add_repository(CLI::App& app, Arguments& given)
{
    add_with_config(app, given, "migrate", "Bring the usage database up to date", [&given] {
        return migrate(given.config);
    });

    auto* reconcile_command = add_with_config(
        app, given, "reconcile", "Compare the journal, the bills and the balances", [&given] {
            return reconcile(given.config, given.fix, given.json);
        });
    reconcile_command->add_flag("--fix", given.fix, "Put back missing bills, set balances right");
    reconcile_command->add_flag("--json", given.json, "For programs");

    add_with_config(app,
                    given,
                    "retain",
                    "Delete old bills; balances stay as they are",
                    [&given] { return retain(given.config, given.older_than); })
        ->add_option("--older-than", given.older_than, "400d, 2026-01-01 or an RFC 3339 time")
        ->required();
}

void add_prices(CLI::App& app, Arguments& given)
{
    CLI::App& prices = *app.add_subcommand("prices", "The price file");
    prices.require_subcommand(1);
    auto* command = add(
        prices, given, "check", "Check a price file and say all that is wrong with it", [&given] {
            return check_prices(given.config, given.against);
        });
    command->add_option("file", given.config, "pricing.yaml")->required();
    command->add_option("--against", given.against, "The version before: what has changed since");
}

int run(int argc, char** argv)
{
    CLI::App app{"turngate: a gateway between clients of the Responses API over WebSocket and the "
                 "accounts that answer"};
    app.require_subcommand(1);
    app.footer("Exit codes: 0 fine, 1 bad configuration or arguments, 2 cannot start, 3 stopped by "
               "the drain deadline, 4 reconcile found differences");
    Arguments given;
    add_daemon(app, given);
    add_usage(app, given);
    add_repository(app, given);
    add_principals(app, given);
    add_prices(app, given);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_fine : exit_bad_input;
    }
    try {
        return given.run();
    } catch (const std::exception& failure) {
        std::cerr << "turngate: " << failure.what() << '\n';
        return exit_cannot_start;
    }
}

} // namespace
} // namespace turngate::app

int main(int argc, char** argv)
{
    // A peer that went away, or a file at its size limit, is an error of a write, not the end of
    // the process.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
    return turngate::app::run(argc, argv);
}
