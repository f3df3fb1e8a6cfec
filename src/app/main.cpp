#include "commands.hpp"

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
               "the drain deadline");

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
    usage_command->add_flag("--json", usage.json, "As /api/v1/usage gives it");

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
        if (*version_command)
            std::cout << "turngate " << TURNGATE_VERSION << '\n';
        return exit_fine;
    } catch (const std::exception& failure) {
        std::cerr << "turngate: " << failure.what() << '\n';
        return exit_cannot_start;
    }
}
