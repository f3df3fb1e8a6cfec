#pragma once

#include "turngate/core/fault.hpp"
#include "turngate/net/websocket.hpp"

namespace turngate::gateway {

// What the end of its upstream connection means to a turn (behaviour.md section 5). has_output:
// content has come, so that a 1009 cannot be about its create.
core::Fault fault_of(const net::Closing& closing, bool has_output);

} // namespace turngate::gateway
