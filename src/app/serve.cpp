#include "commands.hpp"
#include "open_doors.hpp"
#include "process.hpp"

#include "turngate/telemetry/log.hpp"

#include <iostream>
#include <map>

namespace turngate::app {

int serve(const std::string& config_path, const std::string& log_level)
{
    auto config = load_or_complain(config_path);
    if (!config)
        return exit_bad_input;
    auto prices = load_prices_or_complain(*config);
    if (!prices)
        return exit_bad_input;

    config::Log log = config->log;
    if (!log_level.empty()) {
        static const std::map<std::string, config::LogLevel> kLevels{
            {"debug", config::LogLevel::debug},
            {"info", config::LogLevel::info},
            {"warn", config::LogLevel::warn},
            {"error", config::LogLevel::error}};
        log.level = kLevels.at(log_level);
    }
    telemetry::start_log(log);
    tell_of_open_doors(config->usage);
    Process process(config_path, std::move(config), std::move(prices));
    return process.run();
}

} // namespace turngate::app
