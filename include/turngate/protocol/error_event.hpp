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

// {"error":{message,type,code,param}}: the body of an HTTP refusal.
std::string error_body(std::string_view message, std::string_view type, std::string_view code);

// {"type":"response.incomplete",…,"incomplete_details":{"reason":…}} for a response the gateway
// ends itself. stream_id empty: default lane.
std::string incomplete_event(std::string_view response_id,
                             std::string_view reason,
                             std::string_view stream_id);

} // namespace turngate::protocol
