#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string_view>

namespace turngate::core {

// Who caused it. Only upstream faults count against an account (behaviour.md section 5).
enum class Side : std::uint8_t { client, gateway, upstream };

// What went wrong, as the gateway sees it. What a code leads to is known in two places only:
// protocol/error_catalogue (what the client is told) and gateway/recovery (what is done about it).
enum class FaultCode : std::uint8_t {
    // client
    client_gone,
    interrupted, // response.interrupt or response.cancel, ended here
    preempted,   // a newer create took the lane
    invalid_json,
    invalid_request,
    unsupported_event,
    model_not_found,
    invalid_stream_id,
    stream_limit_reached,
    request_too_large, // a frame: it cannot be skipped, so the socket closes
    parent_not_found,
    invalid_api_key,
    rate_limited,
    quota_exceeded,
    // gateway
    no_account,
    gateway_draining,
    accounting_unavailable,
    out_of_resources, // no descriptors, ports or memory on this machine
    internal_error,
    // upstream
    dial_failed,
    dial_refused, // an HTTP answer other than 101
    upstream_lost,
    upstream_restart,
    upstream_timeout,
    create_too_large, // it closed 1009 on our create
    upstream_error, // an error event or response.failed; the upstream's own words go to the client
};

Side side_of(FaultCode code) noexcept;
std::string_view name_of(FaultCode code) noexcept;

// An expected failure. Trivially destructible, so it passes through coroutines at no cost.
struct Fault
{
    FaultCode code = FaultCode::internal_error;
    boost::system::error_code cause{};
    const char* where = ""; // a literal: the step that failed, for the log
    int status = 0;         // HTTP status, when an HTTP answer or error event was the cause
};

template <class T = void>
using Result = boost::system::result<T, Fault>;

// Result<T>::value() on a fault is a bug of the caller; it ends one session as an exception.
[[noreturn]] void throw_exception_from_error(const Fault& fault, const boost::source_location& at);

} // namespace turngate::core
