#pragma once

#include "turn.hpp"

namespace turngate::gateway {

// Where a turn may go, because of its parent.
struct Route
{
    std::string account;     // of the parent; empty: any
    bool needs_parked = false; // only the session's own connection knows the parent
};

// Step 5. The parent is looked up for this tenant only (behaviour.md section 4); unknown, foreign and expired are the same
// parent_not_found. A parent that was not stored lives on one connection: if that is gone, so is the parent.
net::Task<core::Result<Route>> resolve(Turn& turn);

// The response is this tenant's from now on, and lives where the turn ran.
net::Task<> bind(Turn& turn, std::string response_id, std::int64_t context_tokens);

} // namespace turngate::gateway
