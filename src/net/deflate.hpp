#pragma once

#include "turngate/net/frame.hpp"

#include "frame_buffer.hpp"

namespace turngate::net {

// permessage-deflate, receiving side (RFC 7692 7.2.2): one message, taken whole, so that zlib's 40
// KiB live only while it is inflated, never while a peer takes its time between two fragments.
// Without context takeover nothing is worth keeping after it.
//
// Inflation stops one byte after `limit`: 1009. `message` and `limit` are below 4 GiB, as zlib
// counts.
boost::system::result<FrameBuffer, FrameFault> inflate_message(std::string_view message,
                                                               std::size_t limit);

} // namespace turngate::net
