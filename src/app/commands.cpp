#include "commands.hpp"

#include "database.hpp"
#include "with_ledger.hpp"

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

namespace {

constexpr const char* kTimes = "want 24h, 7d, 2026-11-01 or an RFC 3339 time";

std::optional<core::Timestamp> read_when(const std::string& text, const char* field)
{
    if (text.empty())
        return std::nullopt;
    const auto at = core::read_time(text, core::wall_now());
    if (!at)
        throw std::invalid_argument(std::string(field) + ": " + kTimes);
    return at;
}

void show_sums(usage::Ledger& ledger, const UsageOptions& options, usage::GroupBy by)
{
    const auto sums = ledger.sums(options.query, by);
    if (options.csv)
        std::cout << usage::to_csv(sums, by);
    else if (options.json)
        std::cout << usage::to_json(sums, by) << '\n';
    else
        usage::print(std::cout, sums, by);
}

void show_page(usage::Ledger& ledger, const UsageOptions& options)
{
    const auto page = ledger.list(options.query);
    if (options.csv)
        std::cout << usage::to_csv(page);
    else if (options.json)
        std::cout << usage::to_json(page) << '\n';
    else
        usage::print(std::cout, page);
}

std::size_t retire(usage::Ledger& ledger, core::Timestamp before)
try {
    return ledger.retire(before);
} catch (const std::invalid_argument& too_new) {
    throw std::invalid_argument(std::string("older_than: ") + too_new.what());
}

} // namespace

int show_usage(UsageOptions options)
{
    const auto show = [&](const config::Config&, usage::Ledger& ledger) {
        options.query.since = read_when(options.since, "since");
        options.query.until = read_when(options.until, "until");
        const auto by = usage::group_by(options.by);
        if (!options.by.empty() && !by)
            throw std::invalid_argument("by: want key, user, group, account, model or day");
        if (by)
            show_sums(ledger, options, *by);
        else
            show_page(ledger, options);
        return exit_fine;
    };
    return with_ledger(options.config, usage::Opening::to_read, show);
}

int reconcile(const std::string& config_path, bool fix, bool json)
{
    const auto opening = fix ? usage::Opening::to_write : usage::Opening::to_read;
    return with_ledger(
        config_path, opening, [&](const config::Config& config, usage::Ledger& ledger) {
            const auto found = usage::reconcile(ledger, config.usage.journal.dir, fix);
            std::cout << (json ? usage::to_json(found) + "\n" : usage::to_text(found));
            const bool is_well = fix ? !found.is_left() : found.is_even();
            return is_well ? exit_fine : exit_uneven;
        });
}

int retain(const std::string& config_path, const std::string& older_than)
{
    return with_ledger(
        config_path, usage::Opening::to_write, [&](const config::Config&, usage::Ledger& ledger) {
            const auto before = core::read_time(older_than, core::wall_now());
            if (!before)
                throw std::invalid_argument(
                    "older_than: want 400d, 2026-01-01 or an RFC 3339 time");
            std::cout << retire(ledger, *before) << " records deleted\n";
            return exit_fine;
        });
}

} // namespace turngate::app
