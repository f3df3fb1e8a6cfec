#pragma once

#include "turngate/usage/record.hpp"

#include <chrono>
#include <string_view>

namespace turngate::usage {

// usage_records: each_column names every column once, in one order, with the field it has. Writers
// and readers walk it, so they cannot disagree.
template <class Record, class Columns>
void each_column(Record& record, Columns&& columns)
{
    columns("response_uid", record.response_uid);
    columns("turn_id", record.turn_id);
    columns("upstream_response_id", record.upstream_response_id);
    columns("user_name", record.user);
    columns("key_name", record.key);
    columns("group_name", record.group);
    columns("account_name", record.account);
    columns("requested_model", record.requested_model);
    columns("upstream_model", record.upstream_model);
    columns("lane", record.lane);
    columns("session", record.session);
    columns("request_type", record.request_type);
    columns("input_tokens", record.tokens.input);
    columns("cached_tokens", record.tokens.cached);
    columns("cache_write_tokens", record.tokens.cache_write);
    columns("output_tokens", record.tokens.output);
    columns("reasoning_tokens", record.tokens.reasoning);
    columns("total_tokens", record.tokens.total);
    columns("web_searches", record.tokens.web_searches);
    columns("status", record.status);
    columns("reason", record.reason);
    columns("estimated", record.estimated);
    columns("attempts", record.attempts);
    columns("retry_reason", record.retry_reason);
    columns("service_tier", record.service_tier);
    columns("price_version", record.price_version);
    columns("multiplier_ppm", record.multiplier.value);
    columns("cost_nano_usd", record.cost.value);
    columns("account_cost_nano_usd", record.account_cost.value);
    columns("queue_ms", record.queue_ms);
    columns("first_token_ms", record.first_token_ms);
    columns("total_ms", record.total_ms);
    columns("started_at", record.started_at);
    columns("user_agent", record.user_agent);
    columns("client_ip", record.client_ip);
    columns("routing", record.routing);
    columns("upstream_transport", record.upstream_transport);
}

inline std::int64_t micros(core::Timestamp at)
{
    return at.time_since_epoch().count();
}

inline core::Timestamp from_micros(std::int64_t us)
{
    return core::Timestamp(std::chrono::microseconds(us));
}

// "response_uid, turn_id, …"
std::string column_list();

} // namespace turngate::usage
