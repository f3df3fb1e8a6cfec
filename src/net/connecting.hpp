#pragma once

#include "name_servers.hpp"

#include "turngate/net/stream.hpp"

namespace turngate::net {

// To the first of the addresses that takes us (RFC 8305 section 5): each is tried 250 ms after the
// one before it, or at once when one has failed; the others are closed. `addresses`: one at least.
// Faults: dial_failed with the most telling cause, out_of_resources, upstream_timeout, the stop's
// reason.
Task<core::Result<Stream>> connect_to_first(
    Loop& loop, Addresses addresses, std::uint16_t port, core::Deadline deadline, Stop& stop);

} // namespace turngate::net
