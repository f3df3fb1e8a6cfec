#pragma once

#include <cstdint>
#include <string_view>

namespace turngate::accounts {

// What an upstream's error event or response.failed says, or the body of a refused dial.
enum class UpstreamWord : std::uint8_t {
    none,
    parent_not_found,
    tool_pairing, // a call without its output, or an output without its call
    orphaned_reasoning,
    connection_limit,
    rate_limited,
    quota,
    overloaded,
    server_error,
    request_error, // whatever else: the request's own fault
};

// From protocol.md sections 3.2 and 10.4; status 0 where none was given. The code is believed
// before the status; messages, which vendors reword, only where neither tells. Where an error has a
// `type` and no code, the type may stand in for it.
UpstreamWord read_word(int status, std::string_view code, std::string_view message) noexcept;

// The status that goes with a word, for an error event that came without one.
int status_of(UpstreamWord word) noexcept;

} // namespace turngate::accounts
