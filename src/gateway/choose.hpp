#pragma once

#include "attempt.hpp"

namespace turngate::gateway {

// Behaviour.md section 3: how long a turn may wait for a place at an account.
inline constexpr auto kPlaceWait = std::chrono::seconds(30);
inline constexpr auto kOnlyPlaceWait = std::chrono::seconds(120); // one account alone can take it

// Step 6: the first of the routes that can run now, or the first place that becomes free on any of
// them (behaviour.md sections 4 and 6). Faults: parent_not_found (its context is where no turn can
// go), model_not_found, no_account, rate_limited (all are cooling, or the wait was too long).
net::Task<core::Result<Place>> choose(Turn& turn, const Routes& routes);

// One of the routes leads to an account that may serve the turn now; or now or later, which is for
// `choose` to say: it cools, its breaker is open, its credentials are probed.
bool has_place_now(const Turn& turn, const Routes& routes);
bool has_place(const Turn& turn, const Routes& routes);

// Another account than that one (empty: any) would serve the turn now, were its context there.
bool has_other_account(const Turn& turn, std::string_view than);

} // namespace turngate::gateway
