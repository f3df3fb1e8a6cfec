#pragma once

#include "turngate/usage/record.hpp"

#include <string>

namespace turngate::usage {

// No field has its default, so that a forgotten one shows.
inline UsageRecord sample_record(const std::string& uid = "0190f5fe-7c00-7a00-8000-000000000001")
{
    UsageRecord record;
    record.response_uid = uid;
    record.turn_id = "turn-1";
    record.upstream_response_id = "resp_1";
    record.user = "team-a";
    record.key = "dev";
    record.group = "default";
    record.account = "openai-main";
    record.requested_model = "gpt-5.2";
    record.upstream_model = "gpt-5.2-2025-12-11";
    record.lane = "agent";
    record.session = "ab12";
    record.request_type = RequestType::stream;
    record.upstream_transport = UpstreamTransport::http;
    record.tokens = {.input = 1000,
                     .cached = 400,
                     .cache_write = 100,
                     .output = 50,
                     .reasoning = 20,
                     .total = 1050,
                     .web_searches = 2};
    record.status = Status::incomplete;
    record.reason = "max_output_tokens";
    record.estimated = true;
    record.attempts = 2;
    record.retry_reason = "upstream_lost";
    record.routing = "sticky openai-main 2.71 of 3";
    record.service_tier = "priority";
    record.price_version = "2026-11-01";
    record.multiplier = {800'000};
    record.cost = {2'520'000};
    record.account_cost = {3'150'000};
    record.queue_ms = 3;
    record.first_token_ms = 250;
    record.total_ms = 1250;
    record.started_at = core::Timestamp(std::chrono::microseconds(1'793'534'400'123'456));
    record.user_agent = "codex/1.0";
    record.client_ip = "192.0.2.7";
    return record;
}

// Every field of the one equals the other's: to_json shows all but the web searches. The number
// that the ledger gives is none of the bill's.
inline bool same(UsageRecord a, UsageRecord b)
{
    a.settled_seq = b.settled_seq = 0;
    return to_json(a) == to_json(b) && a.tokens == b.tokens;
}

} // namespace turngate::usage
