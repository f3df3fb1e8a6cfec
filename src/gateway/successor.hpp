#pragma once

#include "attempt.hpp"

namespace turngate::gateway {

// A response was settled. Steering may bring a further one for which there is no create: true, it
// has begun, and is the attempt's response from here on.
net::Task<bool> begin_successor(Turn& turn, Attempt& attempt, std::int64_t context_tokens);

// What the client wanted of a response that is no more is told to have failed, and given back.
void give_back_steers(Turn& turn, Attempt& attempt);

} // namespace turngate::gateway
