// Reads what to_json(UsageRecord) writes, and of web searches what dead letters add to it.
#include "turngate/usage/record.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace turngate::usage {
namespace {

using Json = nlohmann::json;

template <class T, std::size_t N>
T named(const std::array<T, N>& all, const std::string& name)
{
    for (const T each : all)
        if (name_of(each) == name)
            return each;
    throw std::invalid_argument("no such name");
}

constexpr std::array kTypes{
    RequestType::unknown, RequestType::sync, RequestType::stream, RequestType::ws_v2};
constexpr std::array kTransports{UpstreamTransport::ws, UpstreamTransport::http};
constexpr std::array kStatuses{
    Status::completed, Status::incomplete, Status::failed, Status::cancelled, Status::aborted};

struct Member
{
    const Json& object;

    void operator()(const char* name, std::string& field) const { object.at(name).get_to(field); }
    void operator()(const char* name, std::int64_t& field) const { object.at(name).get_to(field); }
};

void read_texts(const Json& json, UsageRecord& record)
{
    const Member member{json};
    member("response_uid", record.response_uid);
    member("turn_id", record.turn_id);
    member("upstream_response_id", record.upstream_response_id);
    member("user", record.user);
    member("key", record.key);
    member("group", record.group);
    member("account", record.account);
    member("requested_model", record.requested_model);
    member("upstream_model", record.upstream_model);
    member("lane", record.lane);
    member("session", record.session);
    member("reason", record.reason);
    member("retry_reason", record.retry_reason);
    member("routing", record.routing);
    member("service_tier", record.service_tier);
    member("price_version", record.price_version);
    member("user_agent", record.user_agent);
    member("client_ip", record.client_ip);
}

void read_numbers(const Json& json, UsageRecord& record)
{
    const Member member{json};
    member("input_tokens", record.tokens.input);
    member("cached_tokens", record.tokens.cached);
    member("cache_write_tokens", record.tokens.cache_write);
    member("output_tokens", record.tokens.output);
    member("reasoning_tokens", record.tokens.reasoning);
    member("total_tokens", record.tokens.total);
    record.tokens.web_searches = json.value("web_searches", std::int64_t{0}); // of letters
    member("multiplier_ppm", record.multiplier.value);
    member("cost_nano_usd", record.cost.value);
    member("account_cost_nano_usd", record.account_cost.value);
    member("queue_ms", record.queue_ms);
    member("total_ms", record.total_ms);
    record.attempts = json.at("attempts").get<std::int32_t>();
    if (!json.at("first_token_ms").is_null())
        record.first_token_ms = json.at("first_token_ms").get<std::int64_t>();
}

} // namespace

std::optional<UsageRecord> read_record(std::string_view text)
try {
    const Json json = Json::parse(text);
    UsageRecord record;
    read_texts(json, record);
    read_numbers(json, record);
    record.request_type = named(kTypes, json.at("request_type").get<std::string>());
    record.upstream_transport = named(kTransports, json.value("upstream_transport", "ws"));
    record.status = named(kStatuses, json.at("status").get<std::string>());
    record.estimated = json.at("estimated").get<bool>();
    const auto started = core::read_time(json.at("started_at").get<std::string>(), {});
    if (!started)
        return std::nullopt;
    record.started_at = *started;
    return record;
} catch (const std::exception&) {
    return std::nullopt;
}

} // namespace turngate::usage
