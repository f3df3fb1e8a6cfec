#pragma once

#include "routes.hpp"
#include "turn.hpp"

namespace turngate::gateway {

// A create without a parent that sends all of its conversation again: the rest is enough for the
// connection that has the beginning in memory (behaviour.md section 4). Fills in what the turn then
// stands on. Nothing: it is no such create, or no such connection is at hand.
net::Task<std::optional<Route>> shortened(Turn& turn);

} // namespace turngate::gateway
