#pragma once

#include "turngate/config/config.hpp"
#include "turngate/usage/ledger.hpp"

#include <functional>
#include <string>

namespace turngate::app {

using LedgerCommand = std::function<int(const config::Config&, usage::Ledger&)>;

// Runs a command with the configuration and the ledger it names, for as long as it takes. Returns
// its exit code, or that of what keeps it from them. Mistakes that it throws as
// std::invalid_argument, "field: what", are said on standard error as those of an option.
int with_ledger(const std::string& config_path,
                usage::Opening opening,
                const LedgerCommand& command);

} // namespace turngate::app
