#include "turngate/protocol/error_event.hpp"

#include "turngate/protocol/edit.hpp"

namespace turngate::protocol {
namespace {

std::string quote_or_null(std::string_view text)
{
    return text.empty() ? "null" : quote(text);
}

// The field at fault, where the code alone tells it.
std::string_view param_of(core::FaultCode code) noexcept
{
    using enum core::FaultCode;
    if (code == parent_not_found)
        return "previous_response_id";
    if (code == invalid_stream_id || code == stream_limit_reached)
        return "stream_id";
    if (code == model_not_found)
        return "model";
    return code == unsupported_event ? "type" : "";
}

} // namespace

std::string error_event(core::FaultCode code, const ErrorDetail& detail)
{
    const CatalogueEntry entry = catalogue(code);
    const std::string_view message = detail.message.empty() ? entry.message : detail.message;
    const std::string_view param = detail.param.empty() ? param_of(code) : detail.param;

    std::string event = R"({"type":"error","status":)" + std::to_string(entry.status);
    if (detail.stream_id)
        event += R"(,"stream_id":)" + quote(*detail.stream_id);
    event += R"(,"error":{"type":)" + quote(entry.type);
    event += R"(,"code":)" + quote(entry.code);
    event += R"(,"message":)" + quote(message);
    event += R"(,"param":)" + quote_or_null(param) + "}";
    if (detail.retry_after)
        event +=
            R"(,"headers":{"retry-after":")" + std::to_string(detail.retry_after->count()) + "\"}";
    return event + "}";
}

std::string error_body(std::string_view message, std::string_view type, std::string_view code)
{
    std::string body = R"({"error":{"message":)" + quote(message);
    body += R"(,"type":)" + quote(type);
    body += R"(,"code":)" + quote_or_null(code);
    return body + R"(,"param":null}})";
}

std::string incomplete_event(std::string_view response_id,
                             std::string_view reason,
                             std::string_view stream_id)
{
    std::string event = R"({"type":"response.incomplete")";
    if (!stream_id.empty())
        event += R"(,"stream_id":)" + quote(stream_id);
    event += R"(,"response":{"id":)" + quote(response_id);
    event += R"(,"object":"response","status":"incomplete","error":null)";
    event += R"(,"incomplete_details":{"reason":)" + quote(reason) + "}";
    return event + R"(,"output":[],"usage":null}})";
}

std::string keepalive_event(std::int64_t sequence_number, std::string_view lane)
{
    std::string event = R"({"type":"keepalive")";
    if (!lane.empty())
        event += R"(,"stream_id":)" + quote(lane);
    return event + R"(,"sequence_number":)" + std::to_string(sequence_number) + "}";
}

} // namespace turngate::protocol
