#include "prices_command.hpp"

#include "commands.hpp"

#include <iostream>

namespace turngate::app {
namespace {

std::shared_ptr<const usage::PriceTable> load_or_complain_of(const std::string& path)
{
    const usage::LoadedPrices prices = usage::load_prices(path);
    for (const std::string& complaint : prices.complaints)
        std::cerr << complaint << '\n';
    return prices.table;
}

void show_differences(const usage::PriceTable& before, const usage::PriceTable& after)
{
    const auto lines = usage::differences(before, after);
    std::cout << "version " << before.version << " -> " << after.version << '\n';
    for (const std::string& line : lines)
        std::cout << line << '\n';
    if (lines.empty())
        std::cout << "no price has changed\n";
    else if (before.version == after.version)
        std::cerr << "warning: prices have changed and the version has not; it goes into every "
                     "usage record\n";
}

} // namespace

int check_prices(const std::string& path, const std::string& against)
{
    const auto table = load_or_complain_of(path);
    const auto before = against.empty() ? nullptr : load_or_complain_of(against);
    if (!table || (!against.empty() && !before))
        return exit_bad_input;
    if (before)
        show_differences(*before, *table);
    else
        std::cout << path << ": fine, version " << table->version << ", " << table->models.size()
                  << " models\n";
    return exit_fine;
}

} // namespace turngate::app
