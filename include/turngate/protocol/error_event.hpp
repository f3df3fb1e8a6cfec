#pragma once

#include "turngate/core/fault.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::protocol {

// What the client is told for each fault: behaviour.md section 8, the error catalogue.
struct CatalogueEntry
{
    int status;
    std::string_view code;
    std::string_view type;    // an OpenAI error type: invalid_request_error, server_error, ...
    std::string_view message; // for people without internals
    std::uint16_t close_code; // 0: the socket stays
};

CatalogueEntry catalogue(core::FaultCode code) noexcept;

struct ErrorDetail
{
    std::string_view message{}; // empty: the catalogue's
    std::string_view param{};   // empty: null
    std::optional<std::string_view> stream_id{};
    std::optional<std::chrono::seconds> retry_after{}; // becomes top-level headers{"retry-after"}
};

// The nested form with a numeric status (protocol.md section 3.2).
std::string error_event(core::FaultCode code, const ErrorDetail& detail = {});

// The `status` of an error event as clients read it: nothing if it has none, one that is no whole
// number, or no `type` at all. with_status() mends these.
std::optional<int> top_level_status(std::string_view event) noexcept;

// It has a status, and is in the nested form.
bool is_complete_error(std::string_view event) noexcept;

// An upstream's error event with that `status` at its top, with "type":"error" if it had no type,
// since clients wait for ever on one without (protocol.md section 10.4), and with the nested
// `error` beside its own members if it was flat, as errors in a stream are. All other bytes, a
// status within `error` too, are the upstream's own. event is a JSON object.
std::string with_status(std::string_view event, int status);

// The error event of a request that may have been executed: where its status makes clients repeat
// it by themselves, they are told not to (http.md section 6.6). The upstream's own word on that
// stands.
std::string without_repetition(std::string_view event);

// {"error":{message,type,code,param}}: the body of an HTTP refusal.
std::string error_body(std::string_view message, std::string_view type, std::string_view code);

// {"type":"response.incomplete",…,"incomplete_details":{"reason":…}} for a response the gateway
// ends itself. stream_id empty: default lane.
std::string incomplete_event(std::string_view response_id,
                             std::string_view reason,
                             std::string_view stream_id);

// {"type":"keepalive",…}: keeps the idle timer of Codex from running out (protocol.md section
// 10.4). lane empty: the default lane.
std::string keepalive_event(std::int64_t sequence_number, std::string_view lane);

} // namespace turngate::protocol
