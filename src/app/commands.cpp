#include "commands.hpp"

#include "database.hpp"

#include "turngate/core/clock.hpp"
#include "turngate/usage/prices.hpp"
#include "turngate/usage/reconcile.hpp"
#include "turngate/usage/report.hpp"
#include "turngate/usage/repository.hpp"

#include <iostream>
#include <stdexcept>

namespace turngate::app {

std::shared_ptr<const config::Config> load_or_complain(const std::string& path)
{
    const config::Loaded loaded = config::load(path);
    for (const config::Complaint& warning : loaded.warnings)
        std::cerr << "warning: " << warning.text() << '\n';
    for (const config::Complaint& complaint : loaded.complaints)
        std::cerr << complaint.text() << '\n';
    return loaded.config;
}

std::shared_ptr<const usage::PriceTable> load_prices_or_complain(const config::Config& config)
{
    const usage::LoadedPrices prices = usage::load_prices(config);
    for (const std::string& warning : prices.warnings)
        std::cerr << "warning: " << warning << '\n';
    for (const std::string& complaint : prices.complaints)
        std::cerr << complaint << '\n';
    return prices.table;
}

int check_config(const std::string& config_path)
{
    const auto config = load_or_complain(config_path);
    if (!config)
        return exit_bad_input;
    if (!load_prices_or_complain(*config))
        return exit_bad_input;
    std::cout << config_path << ": fine\n";
    return exit_fine;
}

int migrate(const std::string& config_path)
{
    const auto config = load_or_complain(config_path);
    if (!config)
        return exit_bad_input;
    Database database(config->usage);
    database.open();
    std::cout << database.name() << ": up to date\n";
    return exit_fine;
}

int show_usage(const UsageOptions& options)
{
    const auto config = load_or_complain(options.config);
    if (!config)
        return exit_bad_input;
    usage::UsageQuery query;
    query.limit = options.limit;
    if (!options.since.empty()) {
        query.since = core::read_time(options.since, core::wall_now());
        if (!query.since) {
            std::cerr << "--since: want 24h, 7d, 2026-11-01 or an RFC 3339 time\n";
            return exit_bad_input;
        }
    }
    query.cursor = options.cursor;
    const auto by = usage::group_by(options.by);
    if (!options.by.empty() && !by) {
        std::cerr << "--by: want key, user, group, account, model or day\n";
        return exit_bad_input;
    }
    Database database(config->usage);
    const auto repository = database.open();
    if (by) {
        const auto sums = repository->sums(query, *by);
        if (options.csv)
            std::cout << usage::to_csv(sums, *by);
        else if (options.json)
            std::cout << usage::to_json(sums, *by) << '\n';
        else
            usage::print(std::cout, sums, *by);
        return exit_fine;
    }
    const auto page = repository->list(query);
    if (options.csv)
        std::cout << usage::to_csv(page);
    else if (options.json)
        std::cout << usage::to_json(page) << '\n';
    else
        usage::print(std::cout, page);
    return exit_fine;
}

int reconcile(const std::string& config_path, bool fix, bool json)
{
    const auto config = load_or_complain(config_path);
    if (!config)
        return exit_bad_input;
    Database database(config->usage);
    const auto ledger = database.open();
    const auto found = usage::reconcile(*ledger, config->usage.journal.dir, fix);
    std::cout << (json ? usage::to_json(found) + "\n" : usage::to_text(found));
    return found.is_even() || fix ? exit_fine : exit_uneven;
}

int retain(const std::string& config_path, const std::string& older_than)
{
    const auto config = load_or_complain(config_path);
    if (!config)
        return exit_bad_input;
    const auto before = core::read_time(older_than, core::wall_now());
    if (!before) {
        std::cerr << "--older-than: want 400d, 2026-01-01 or an RFC 3339 time\n";
        return exit_bad_input;
    }
    Database database(config->usage);
    const auto ledger = database.open();
    try {
        std::cout << ledger->retire(*before) << " records deleted\n";
    } catch (const std::invalid_argument& too_new) {
        std::cerr << "--older-than: " << too_new.what() << '\n';
        return exit_bad_input;
    }
    return exit_fine;
}

} // namespace turngate::app
