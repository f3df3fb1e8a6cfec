#include "recovery.hpp"

namespace turngate::gateway {
namespace {

using core::FaultCode;

// An account that refuses us is no fault the client can mend: it is told what it can do.
FaultCode refusal(int status) noexcept
{
    if (status == 429)
        return FaultCode::rate_limited;
    if (status == 401 || status == 403)
        return FaultCode::no_account;
    return FaultCode::dial_refused;
}

} // namespace

Action decide(const Facts& facts) noexcept
{
    switch (facts.fault.code) {
    case FaultCode::client_gone: return {Action::What::drop, FaultCode::client_gone};
    case FaultCode::dial_refused: return {Action::What::tell, refusal(facts.fault.status)};
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
    case FaultCode::no_account:
    case FaultCode::gateway_draining:
    case FaultCode::accounting_unavailable:
    case FaultCode::internal_error:
    case FaultCode::dial_failed:
    case FaultCode::upstream_lost:
    case FaultCode::upstream_restart:
    case FaultCode::upstream_timeout:
    case FaultCode::upstream_error: return {Action::What::tell, facts.fault.code};
    }
    return {Action::What::tell, FaultCode::internal_error};
}

} // namespace turngate::gateway
