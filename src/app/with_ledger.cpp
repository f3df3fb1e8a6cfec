#include "with_ledger.hpp"

#include "commands.hpp"
#include "database.hpp"

#include <algorithm>
#include <iostream>
#include <stdexcept>

namespace turngate::app {
namespace {

constexpr std::chrono::milliseconds kForEver{0};

std::string as_option(std::string mistake)
{
    const auto field_end = std::min(mistake.find(':'), mistake.size());
    std::replace(
        mistake.begin(), mistake.begin() + static_cast<std::ptrdiff_t>(field_end), '_', '-');
    return "--" + mistake;
}

} // namespace

int with_ledger(const std::string& config_path,
                usage::Opening opening,
                const LedgerCommand& command)
{
    const auto config = load_or_complain(config_path);
    if (!config)
        return exit_bad_input;
    Database database(config->usage, opening, kForEver);
    const auto ledger = database.open();
    try {
        return command(*config, *ledger);
    } catch (const std::invalid_argument& mistake) {
        std::cerr << as_option(mistake.what()) << '\n';
        return exit_bad_input;
    }
}

} // namespace turngate::app
