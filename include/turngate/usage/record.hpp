#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/core/money.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::usage {

enum class RequestType : std::uint8_t { unknown = 0, sync = 1, stream = 2, ws_v2 = 3 };
enum class UpstreamTransport : std::uint8_t { ws = 0, http = 1 };
enum class Status : std::uint8_t { completed, incomplete, failed, cancelled, aborted };

std::string_view name_of(RequestType type) noexcept;
std::string_view name_of(UpstreamTransport transport) noexcept;
std::string_view name_of(Status status) noexcept;

// One response's bill (behaviour.md section 7, interface.md "Usage records as JSON").
struct UsageRecord
{
    std::string response_uid; // UUIDv7, made by the gateway: the idempotency key
    std::string turn_id;
    std::string upstream_response_id;
    std::string user;
    std::string key;
    std::string group;
    std::string account;
    std::string requested_model;
    std::string upstream_model;
    std::string lane;                                             // empty: the default lane
    std::string session;                                          // hex of the session key's hash
    RequestType request_type = RequestType::ws_v2;                // the client's side
    UpstreamTransport upstream_transport = UpstreamTransport::ws; // what the account was asked by
    protocol::TokenUsage tokens;
    Status status = Status::completed;
    std::string reason;
    bool estimated = false;
    std::int32_t attempts = 1;
    std::string retry_reason;
    std::string routing; // how the account was chosen, "sticky main 2.71 of 3"; at most 300 bytes
    std::string service_tier;
    std::string price_version;
    core::Ppm multiplier;
    core::NanoUsd cost;         // what the user pays
    core::NanoUsd account_cost; // what the operator pays
    std::int64_t queue_ms = 0;
    std::optional<std::int64_t> first_token_ms;
    std::int64_t total_ms = 0;
    core::Timestamp started_at;
    std::string user_agent;       // at most 256 bytes of valid UTF-8, see core::clean_utf8
    std::string client_ip;        // at most 64 bytes
    std::int64_t settled_seq = 0; // given by the ledger, rising as bills settle; 0: not settled
};

// The journal's payload: compact, versioned, independent of the machine. encode cleans and cuts
// every text, so that nothing after it can be stopped by one. decode: nothing on bytes it does not
// know.
std::string encode(const UsageRecord& record);
std::optional<UsageRecord> decode(std::string_view bytes);
// They are a record of a version that this program does not know yet.
bool is_of_newer_program(std::string_view bytes) noexcept;

// One JSON object, the field names of interface.md.
std::string to_json(const UsageRecord& record);
// Nothing: it is none.
std::optional<UsageRecord> read_record(std::string_view json);

} // namespace turngate::usage
