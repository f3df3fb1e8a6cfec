#pragma once

#include "turngate/accounts/account_set.hpp"

#include <nlohmann/json.hpp>

namespace turngate::app {

// For /api/v1/accounts and the status: what each account does and how it is.
nlohmann::ordered_json accounts_json(const accounts::AccountSet& accounts);

} // namespace turngate::app
