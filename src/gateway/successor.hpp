#pragma once

#include "turn.hpp"

namespace turngate::gateway {

// A response was settled. Steering may bring a further one for which there is no create: true, it
// has begun, and is the turn's response from here on. Fault: the stop's reason.
net::Task<core::Result<bool>> begin_successor(Turn& turn);

// What the client wanted of a response that is no more is told to have failed, and given back.
void give_back_steers(Turn& turn);

} // namespace turngate::gateway
