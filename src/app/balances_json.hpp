#pragma once

#include "turngate/config/config.hpp"
#include "turngate/state/budgets.hpp"
#include "turngate/usage/ledger.hpp"

#include <string>

namespace turngate::app {

// For /api/v1/balances (interface.md): of every user and key that the configuration or the
// repository knows. What has no limit is null.
std::string balances_json(const usage::Balances& stored,
                          const config::Config& config,
                          state::Budgets& budgets);

} // namespace turngate::app
