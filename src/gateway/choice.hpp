#pragma once

#include "continuity.hpp"
#include "turn.hpp"

namespace turngate::gateway {

// Behaviour.md section 3: how long a turn may wait for a slot.
inline constexpr auto kSlotWait = std::chrono::seconds(30);
inline constexpr auto kPinnedWait = std::chrono::seconds(120); // only the parent's account will do

// Step 6: pinned → sticky → balanced (behaviour.md section 6); the first account in that order that
// has a free slot, else a place in the queue of the best. Fills in the turn's account, its permit,
// its model there and its price. Faults: model_not_found, no_account,
// rate_limited (all are cooling, or the wait was too long).
net::Task<core::Result<state::Slot>> choose(Turn& turn, const Route& route);

// Another account could take this turn, were it not bound to one.
bool has_other_account(const Turn& turn);

} // namespace turngate::gateway
