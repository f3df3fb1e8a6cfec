#include "turngate/core/fault.hpp"

#include <stdexcept>
#include <string>

namespace turngate::core {

Side side_of(FaultCode code) noexcept
{
    switch (code) {
    case FaultCode::client_gone:
    case FaultCode::interrupted:
    case FaultCode::preempted:
    case FaultCode::invalid_json:
    case FaultCode::invalid_request:
    case FaultCode::unsupported_event:
    case FaultCode::model_not_found:
    case FaultCode::invalid_stream_id:
    case FaultCode::stream_limit_reached:
    case FaultCode::request_too_large:
    case FaultCode::parent_not_found:
    case FaultCode::invalid_api_key:
    case FaultCode::rate_limited:
    case FaultCode::quota_exceeded:
        return Side::client;
    case FaultCode::no_account:
    case FaultCode::gateway_draining:
    case FaultCode::accounting_unavailable:
    case FaultCode::out_of_resources:
    case FaultCode::internal_error:
        return Side::gateway;
    case FaultCode::dial_failed:
    case FaultCode::dial_refused:
    case FaultCode::upstream_lost:
    case FaultCode::upstream_restart:
    case FaultCode::upstream_timeout:
    case FaultCode::upstream_error:
    case FaultCode::create_too_large:
        return Side::upstream;
    }
    return Side::gateway;
}

std::string_view name_of(FaultCode code) noexcept
{
    switch (code) {
    case FaultCode::client_gone:
        return "client_gone";
    case FaultCode::interrupted:
        return "interrupted";
    case FaultCode::preempted:
        return "preempted";
    case FaultCode::invalid_json:
        return "invalid_json";
    case FaultCode::invalid_request:
        return "invalid_request";
    case FaultCode::unsupported_event:
        return "unsupported_event";
    case FaultCode::model_not_found:
        return "model_not_found";
    case FaultCode::invalid_stream_id:
        return "invalid_stream_id";
    case FaultCode::stream_limit_reached:
        return "stream_limit_reached";
    case FaultCode::request_too_large:
        return "request_too_large";
    case FaultCode::create_too_large:
        return "create_too_large";
    case FaultCode::parent_not_found:
        return "parent_not_found";
    case FaultCode::invalid_api_key:
        return "invalid_api_key";
    case FaultCode::rate_limited:
        return "rate_limited";
    case FaultCode::quota_exceeded:
        return "quota_exceeded";
    case FaultCode::no_account:
        return "no_account";
    case FaultCode::gateway_draining:
        return "gateway_draining";
    case FaultCode::accounting_unavailable:
        return "accounting_unavailable";
    case FaultCode::out_of_resources:
        return "out_of_resources";
    case FaultCode::internal_error:
        return "internal_error";
    case FaultCode::dial_failed:
        return "dial_failed";
    case FaultCode::dial_refused:
        return "dial_refused";
    case FaultCode::upstream_lost:
        return "upstream_lost";
    case FaultCode::upstream_restart:
        return "upstream_restart";
    case FaultCode::upstream_timeout:
        return "upstream_timeout";
    case FaultCode::upstream_error:
        return "upstream_error";
    }
    return "unknown";
}

void throw_exception_from_error(const Fault& fault, const boost::source_location& at)
{
    throw std::logic_error(std::string("unchecked fault ") + std::string(name_of(fault.code)) +
                           " in " + at.function_name());
}

} // namespace turngate::core
