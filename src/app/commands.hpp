#pragma once

#include "turngate/config/config.hpp"

#include <memory>
#include <string>

namespace turngate::app {

// Exit codes (interface.md).
enum Exit : int {
    exit_fine = 0,
    exit_bad_input = 1,    // configuration or arguments
    exit_cannot_start = 2, // port, database, file
    exit_drain_deadline = 3,
};

struct UsageOptions
{
    std::string config;
    std::string since;
    std::string by;
    unsigned limit = 100;
    bool json = false;
};

int serve(const std::string& config_path, const std::string& log_level);
int check_config(const std::string& config_path);
int migrate(const std::string& config_path);
int show_usage(const UsageOptions& options);

// The configuration, or null after its complaints were printed to standard error. Warnings are
// printed too.
std::shared_ptr<const config::Config> load_or_complain(const std::string& path);

} // namespace turngate::app
