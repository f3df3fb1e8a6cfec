#include "turngate/protocol/close_code.hpp"
#include "turngate/protocol/error_event.hpp"

namespace turngate::protocol {
namespace {

constexpr std::string_view kInvalid = "invalid_request_error";
constexpr std::string_view kRate = "rate_limit_error";
constexpr std::string_view kServer = "server_error";
constexpr std::string_view kKey = "authentication_error";

} // namespace

CatalogueEntry catalogue(core::FaultCode code) noexcept
{
    using enum core::FaultCode;
    switch (code) {
    case client_gone: // nobody is left to be told
        return {499, "client_gone", kInvalid, "The client has gone away.", 0};
    case interrupted: // told by response.incomplete
    case preempted:
        return {499, "interrupted", kInvalid, "The response was interrupted.", 0};
    case invalid_json:
        return {400, "invalid_json", kInvalid, "The message is not valid JSON.", 0};
    case invalid_request:
        return {400, "invalid_request", kInvalid, "The request is not valid.", 0};
    case unsupported_event:
        return {400, "unsupported_event", kInvalid, "This event type is not supported.", 0};
    case model_not_found:
        return {400, "model_not_found", kInvalid, "The model does not exist or is not allowed.", 0};
    case invalid_stream_id:
        return {400, "invalid_stream_id", kInvalid, "The stream id is not valid.", 0};
    case stream_limit_reached:
        return {400,
                "websocket_stream_limit_reached",
                kInvalid,
                "This connection has used all of its 32 stream ids.",
                0};
    case request_too_large:
        return {400, "request_too_large", kInvalid, "The message is too large.", message_too_big};
    case create_too_large:
        return {400, "request_too_large", kInvalid, "The request is too large for the model.", 0};
    case parent_not_found:
        return {400, "previous_response_not_found", kInvalid, "Previous response not found.", 0};
    case invalid_api_key:
        return {401, "invalid_api_key", kKey, "The API key is not valid.", policy_violation};
    case rate_limited:
        return {429, "rate_limit_exceeded", kRate, "Too many requests. Try again later.", 0};
    case quota_exceeded:
        return {429, "insufficient_quota", kRate, "The quota or balance is used up.", 0};
    case no_account:
        return {503, "no_account_available", kServer, "No capacity for this model right now.", 0};
    case gateway_draining:
        return {503, "gateway_draining", kServer, "This server is restarting. Reconnect.", 0};
    case accounting_unavailable:
        return {503, "accounting_unavailable", kServer, "The service is not available now.", 0};
    case out_of_resources:
        return {503, "no_account_available", kServer, "No capacity right now. Try again later.", 0};
    case core::FaultCode::internal_error:
        return {500,
                "internal_error",
                kServer,
                "An internal error occurred.",
                CloseCode::internal_error};
    case dial_failed:
    case dial_refused:
    case upstream_lost:
        return {502, "upstream_disconnected", kServer, "The connection to the model was lost.", 0};
    case upstream_restart:
        return {503, "upstream_restart", kServer, "The model's server is restarting.", 0};
    case upstream_timeout:
        return {504, "upstream_timeout", kServer, "The model did not answer in time.", 0};
    case upstream_error:
        return {502, "server_error", kServer, "The model's server reported an error.", 0};
    }
    return {
        500, "internal_error", kServer, "An internal error occurred.", CloseCode::internal_error};
}

} // namespace turngate::protocol
