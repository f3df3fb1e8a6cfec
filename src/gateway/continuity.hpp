#pragma once

#include "turn.hpp"

namespace turngate::gateway {

// Where a turn may go, because of its parent.
struct Route
{
    std::string account;                // of the parent; empty: any
    std::string prefers;                // first, if it can
    std::uint64_t connection = 0;       // that has the parent in its memory
    bool needs_that_connection = false; // and nothing else has
};

// Step 5. The parent is looked up for this tenant only (behaviour.md section 4); unknown, foreign
// and expired are the same parent_not_found. Tool outputs without a parent get the one they belong
// to. A parent that was not stored lives on one connection: when that is gone, the chain sends the
// whole context, or the client must.
net::Task<core::Result<Route>> resolve(Turn& turn);

// The whole context up to the parent and the create's own input, as an `input` for that account;
// nothing if the chain does not have all of it.
std::optional<std::string> rebuilt_input(const Turn& turn, std::string_view account);

// The create's raw `input`; empty if it has none.
std::string_view raw_input(const Turn& turn) noexcept;

// Its tool outputs stand beside their calls.
bool carries_own_calls(const protocol::ClientEvent& create);

// The response can be gone on from: it is this tenant's, lives where the turn ran, and is in the
// chain.
net::Task<> bind(Turn& turn, std::string response_id, std::int64_t context_tokens);

// The same for one that the gateway ended itself: what it had finished is in the chain alone.
net::Task<> bind_interrupted(Turn& turn);

// What the turn asks of the pool, at that account; connection: of its parent, 0 if it has none.
upstream::LeaseRequest lease_request(const Turn& turn,
                                     std::shared_ptr<const accounts::Account> account,
                                     std::uint64_t connection);

} // namespace turngate::gateway
