#pragma once

#include "routes.hpp"
#include "turn.hpp"

namespace turngate::gateway {

// Step 5: whose response is the parent, and where may the turn run because of it, best first
// (behaviour.md section 4). Fills in the turn's context. The parent is looked up for
// this tenant only; unknown, foreign and expired are the same parent_not_found. Tool outputs
// without a parent get the one they belong to. Faults: parent_not_found, where there is no route at
// all too; invalid_request, for something named that is not the tenant's own.
net::Task<core::Result<Routes>> resolve(Turn& turn);

// What the turn stands on where it takes that route.
const Context& context_of(const Turn& turn, const Route& route) noexcept;

// The raw input that follows the context's parent; empty if there is none.
std::string_view raw_input(const Turn& turn, const Context& context) noexcept;

// The create's tool outputs stand beside their calls.
bool carries_own_calls(const protocol::ClientEvent& create);

// The session's chain; null if it has none.
const conversation::Chain* chain_of(const Turn& turn);

// The parent's whole context is in the chain, for any account or for that one.
bool is_context_whole(const Turn& turn, std::string_view account);

// What the turn asks of the pool, on that route at that account.
upstream::LeaseRequest lease_request(const Turn& turn,
                                     const Route& route,
                                     std::shared_ptr<const accounts::Account> account);

// What names the turn's lane in the state store.
std::string lane_key(const Turn& turn);

} // namespace turngate::gateway
