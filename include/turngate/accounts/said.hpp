#pragma once

#include "turngate/core/clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::net {
struct HttpResponse;
}
namespace turngate::protocol {
struct TerminalEvent;
}

namespace turngate::accounts {

// What an upstream's refusal comes to: an error event, a response.failed, or a refused dial.
enum class UpstreamWord : std::uint8_t {
    none, // nothing that can be understood
    parent_not_found,
    tool_pairing, // a call without its output, or an output without its call
    orphaned_reasoning,
    sealed, // reasoning that another account sealed (invalid_encrypted_content)
    connection_limit,
    rate_limited,
    quota,
    request_over_limit, // a 429 of this one request, which is too large for the limit ever to fit
    overloaded,         // 529, "slow down", a model that still loads
    server_error,
    credentials,   // our key is refused, not the client's
    no_api,        // nothing answers there: the path is another's, or it has moved
    not_now,       // 408, 409, 425 of an HTTP answer: not executed
    challenge,     // of a dial: a 403 that does not speak of the key; a page, a bot check
    request_error, // whatever else: the request's own fault
};

struct Said
{
    UpstreamWord word = UpstreamWord::none;
    int status = 0; // as it was given, wherever; 0: none
    // When the account will take turns again; 1 s to 31 days. Nothing: it was not told.
    std::optional<std::chrono::seconds> resets_in = {};
    bool for_all_models = false; // rate_limited, quota: not only for the turn's
    std::string message = {};    // the upstream's own; empty: none
};

enum class Refused : std::uint8_t { dial, create };

// A refusal over HTTP. At most the first 64 KiB of its body are read, JSON that is cut there
// included.
Said read_said(const net::HttpResponse& refusal, core::Timestamp now, Refused what = Refused::dial);

// An error event or a response.failed, read by `terminal`; `event` is its text.
Said read_said(const protocol::TerminalEvent& terminal,
               std::string_view event,
               core::Timestamp now);

// The status that goes with a word, for an error event that came without one.
int status_of(UpstreamWord word) noexcept;

} // namespace turngate::accounts
