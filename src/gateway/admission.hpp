#pragma once

#include "turn.hpp"

namespace turngate::gateway {

// Step 4, once for all attempts (behaviour.md section 3): is the key still live, does its group
// still serve, is there room for it and its user? Everything is asked anew for each turn. Faults:
// invalid_api_key, gateway_draining, accounting_unavailable, rate_limited, the stop's reason.
net::Task<core::Result<state::Slot>> admit(Turn& turn);

// The turn is over: the key's rate gets back, or owes, what the estimate was wrong by.
net::Task<> settle_rate(Turn& turn);

} // namespace turngate::gateway
