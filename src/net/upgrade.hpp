#pragma once

#include "turngate/net/dial.hpp"

namespace turngate::net {

using DialResult = boost::system::result<Dialed, DialFault>;

// Asks for the WebSocket of `target` on a connected stream. A refusal is known by its head: of its
// body only the beginning is waited for, and not for long.
Task<DialResult> upgrade(Stream stream,
                         const DialTarget& target,
                         core::Deadline deadline,
                         Stop& stop);

} // namespace turngate::net
