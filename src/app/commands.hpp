#pragma once

#include "turngate/config/config.hpp"
#include "turngate/usage/prices.hpp"
#include "turngate/usage/repository.hpp"

#include <memory>
#include <string>

namespace turngate::app {

// Exit codes (interface.md).
enum Exit : int {
    exit_fine = 0,
    exit_bad_input = 1,    // configuration or arguments
    exit_cannot_start = 2, // port, database, file
    exit_drain_deadline = 3,
    exit_uneven = 4, // reconcile found differences that are left
};

struct UsageOptions
{
    std::string config;
    usage::UsageQuery query; // but for its times
    std::string since;
    std::string until;
    std::string by;
    bool json = false;
    bool csv = false;
};

int serve(const std::string& config_path, const std::string& log_level);
int check_config(const std::string& config_path);
int migrate(const std::string& config_path);
int show_usage(UsageOptions options);

// Compares journal, bills and balances, counts dead letters, and says what differs: exit code 4.
// With `fix` mends what can be.
int reconcile(const std::string& config_path, bool fix, bool json);

// Deletes the bills that are older: a span back (400d), a date or an RFC 3339 time.
int retain(const std::string& config_path, const std::string& older_than);

// The configuration, or null after its complaints were printed to standard error. Warnings are
// printed too.
std::shared_ptr<const config::Config> load_or_complain(const std::string& path);
std::shared_ptr<const usage::PriceTable> load_prices_or_complain(const config::Config& config);

} // namespace turngate::app
