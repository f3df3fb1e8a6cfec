#pragma once

#include "client_output.hpp"
#include "lanes.hpp"

#include <optional>
#include <string_view>

namespace turngate::gateway {

// A steer, inject, interrupt or cancel: it overtakes the queue and means a running response. Only
// one of this session can be meant; another's is as unknown as one that never was (behaviour.md
// section 2, protocol.md sections 2 and 6). Answers go to the client; a rejection is for the caller
// to tell.
std::optional<protocol::Rejection> control(Lanes& lanes,
                                           const protocol::ClientEvent& event,
                                           std::string_view frame,
                                           ClientOutput& client);

} // namespace turngate::gateway
