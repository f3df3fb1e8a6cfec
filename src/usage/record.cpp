#include "turngate/usage/record.hpp"

#include <nlohmann/json.hpp>

namespace turngate::usage {

std::string_view name_of(RequestType type) noexcept
{
    switch (type) {
    case RequestType::unknown:
        return "unknown";
    case RequestType::sync:
        return "sync";
    case RequestType::stream:
        return "stream";
    case RequestType::ws_v2:
        return "ws_v2";
    }
    return "unknown";
}

std::string_view name_of(UpstreamTransport transport) noexcept
{
    switch (transport) {
    case UpstreamTransport::ws:
        return "ws";
    case UpstreamTransport::http:
        return "http";
    }
    return "ws";
}

std::string_view name_of(Status status) noexcept
{
    switch (status) {
    case Status::completed:
        return "completed";
    case Status::incomplete:
        return "incomplete";
    case Status::failed:
        return "failed";
    case Status::cancelled:
        return "cancelled";
    case Status::aborted:
        return "aborted";
    }
    return "aborted";
}

std::string to_json(const UsageRecord& record)
{
    using Json = nlohmann::ordered_json;
    const RequestType type = record.request_type;
    const Json json = {
        {"response_uid", record.response_uid},
        {"turn_id", record.turn_id},
        {"upstream_response_id", record.upstream_response_id},
        {"user", record.user},
        {"key", record.key},
        {"group", record.group},
        {"account", record.account},
        {"requested_model", record.requested_model},
        {"upstream_model", record.upstream_model},
        {"lane", record.lane},
        {"session", record.session},
        {"request_type", name_of(type)},
        {"upstream_transport", name_of(record.upstream_transport)},
        {"settled_seq", record.settled_seq > 0 ? Json(record.settled_seq) : Json(nullptr)},
        {"stream", type == RequestType::stream || type == RequestType::ws_v2},
        {"openai_ws_mode", type == RequestType::ws_v2},
        {"input_tokens", record.tokens.input},
        {"cached_tokens", record.tokens.cached},
        {"cache_write_tokens", record.tokens.cache_write},
        {"output_tokens", record.tokens.output},
        {"reasoning_tokens", record.tokens.reasoning},
        {"total_tokens", record.tokens.total},
        {"status", name_of(record.status)},
        {"reason", record.reason},
        {"estimated", record.estimated},
        {"attempts", record.attempts},
        {"retry_reason", record.retry_reason},
        {"routing", record.routing},
        {"service_tier", record.service_tier},
        {"price_version", record.price_version},
        {"multiplier_ppm", record.multiplier.value},
        {"cost_nano_usd", record.cost.value},
        {"account_cost_nano_usd", record.account_cost.value},
        {"queue_ms", record.queue_ms},
        {"first_token_ms", record.first_token_ms ? Json(*record.first_token_ms) : Json(nullptr)},
        {"total_ms", record.total_ms},
        {"started_at", core::to_rfc3339(record.started_at)},
        {"user_agent", record.user_agent},
        {"client_ip", record.client_ip},
    };
    // Records that never went through encode() may hold anything; a report must not throw over it.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace turngate::usage
