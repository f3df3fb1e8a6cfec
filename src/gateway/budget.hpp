#pragma once

#include "turn.hpp"

namespace turngate::gateway {

// Part of step 4: holds what the turn may cost against its key's quota and its user's credit, until
// the turn has ended (behaviour.md section 3). A turn that may cost more than is left runs alone.
// Faults: quota_exceeded, nothing is left; rate_limited, there is no room while others hold.
net::Task<core::Result<>> hold_budget(Turn& turn);

// A bill of the turn was written.
void charge_budget(Turn& turn, const usage::UsageRecord& record);

// The turn's bills come to what it holds: no further response may be asked of it.
bool has_used_its_hold(const Turn& turn) noexcept;

} // namespace turngate::gateway
