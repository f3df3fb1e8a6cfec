#pragma once

#include "turngate/net/dial.hpp"

namespace turngate::net {

// Asks the proxy at the other end of `stream` for a tunnel to `to`: HTTP CONNECT, or SOCKS5 (RFC
// 1928, and 1929 if the proxy's URL has a user). Nothing of the tunnel's own bytes is swallowed.
// Faults: dial_failed "proxy" with the proxy's words, or as of `stream` and of names.
Task<core::Result<>> ask_for_tunnel(Loop& loop,
                                    Stream& stream,
                                    const Url& proxy,
                                    const Url& to,
                                    core::Deadline deadline,
                                    Stop& stop);

} // namespace turngate::net
