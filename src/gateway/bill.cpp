#include "bill.hpp"

#include "turngate/core/id.hpp"
#include "turngate/telemetry/log.hpp"
#include "turngate/usage/prices.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

using core::Clock;
using protocol::EventKind;

std::int64_t ms_between(core::Deadline from, core::Deadline to)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

// A response's tokens, by its size: about four bytes each. Its parent's context is known exactly.
protocol::TokenUsage estimate(const Turn& turn, const Response& response)
{
    const auto& input = response.context.input;
    const std::size_t bytes = input ? input->size() : turn.frame.size();
    protocol::TokenUsage tokens;
    tokens.input = response.context.parent_tokens + static_cast<std::int64_t>(bytes + 3) / 4;
    tokens.cached =
        0; // unknown: the user is not charged less on a guess, nor more than the list price
    tokens.output = response.meter.estimated_output_tokens();
    tokens.total = tokens.input + tokens.output;
    return tokens;
}

usage::UsageRecord who_and_when(const Turn& turn, const Attempt& attempt)
{
    const auto now = Clock::now();
    const Response& response = attempt.relay.response();
    usage::UsageRecord record;
    record.response_uid = core::uuid7();
    record.turn_id = turn.id;
    record.upstream_response_id = response.id;
    record.user = turn.principal->user;
    record.key = turn.principal->key;
    record.group = turn.principal->group;
    record.account = attempt.place.account->config.name;
    record.requested_model = turn.create.model;
    record.upstream_model = attempt.place.model;
    record.lane = turn.create.stream_id.value_or("");
    record.session = turn.session.key.hex();
    record.request_type = turn.session.request_type;
    record.attempts = turn.tries.begun;
    record.retry_reason = std::string(turn.tries.retry_reason);
    record.routing = attempt.place.why;
    record.price_version = turn.snapshot->prices->version;
    record.multiplier = turn.principal->multiplier;
    record.queue_ms =
        ms_between(response.accepted_at, std::max(attempt.place.at, response.accepted_at));
    if (const auto first = response.meter.first_content_at())
        record.first_token_ms = ms_between(response.accepted_at, *first);
    record.total_ms = ms_between(response.accepted_at, now);
    record.started_at = response.started_at;
    record.user_agent = turn.session.user_agent;
    record.client_ip = turn.session.client_ip;
    return record;
}

void put_price(const Turn& turn, const Attempt& attempt, usage::UsageRecord& record)
{
    const usage::PriceTable& prices = *turn.snapshot->prices;
    const auto* price = attempt.place.price;
    if (!price)
        price = usage::find_price(
                    prices, turn.snapshot->config->pricing.unknown_model, record.upstream_model)
                    .price;
    if (!price) {
        telemetry::log_warn_hourly("a model has no price", {"model", record.upstream_model});
        turn.rooms.metrics.unpriced.add();
        record.reason = record.reason.empty() ? "unpriced" : record.reason;
        return;
    }
    const auto cost = usage::settle_price(prices,
                                          *price,
                                          record.tokens,
                                          record.service_tier,
                                          record.multiplier,
                                          attempt.place.account->config.cost_multiplier);
    record.cost = cost.cost;
    record.account_cost = cost.account_cost;
}

usage::Status status_of(EventKind kind)
{
    switch (kind) {
    case EventKind::completed:
        return usage::Status::completed;
    case EventKind::incomplete:
        return usage::Status::incomplete;
    case EventKind::created:
    case EventKind::lifecycle:
    case EventKind::content:
    case EventKind::delta:
    case EventKind::item_done:
    case EventKind::steer:
    case EventKind::control:
    case EventKind::failed:
    case EventKind::error:
        return usage::Status::failed;
    }
    return usage::Status::failed;
}

} // namespace

usage::UsageRecord bill(const Turn& turn,
                        const Attempt& attempt,
                        const protocol::TerminalEvent& terminal)
{
    const Response& response = attempt.relay.response();
    usage::UsageRecord record = who_and_when(turn, attempt);
    record.status = status_of(terminal.kind);
    record.reason = terminal.reason.empty() ? terminal.error_code : terminal.reason;
    if (record.upstream_response_id.empty())
        record.upstream_response_id = terminal.response_id;
    if (record.upstream_model.empty())
        record.upstream_model = terminal.model;
    record.service_tier = terminal.service_tier;
    record.estimated = !terminal.usage;
    // A response that failed without usage and without content has cost nobody anything that we
    // know of.
    const bool is_failed = terminal.kind == EventKind::failed || terminal.kind == EventKind::error;
    const bool is_free = record.estimated && is_failed && !response.has_output;
    if (terminal.usage)
        record.tokens = *terminal.usage;
    else if (!is_free)
        record.tokens = estimate(turn, response);
    put_price(turn, attempt, record);
    return record;
}

usage::UsageRecord bill_aborted(const Turn& turn, const Attempt& attempt, const core::Fault& fault)
{
    const Response& response = attempt.relay.response();
    usage::UsageRecord record = who_and_when(turn, attempt);
    const bool is_cancelled =
        fault.code == core::FaultCode::interrupted || fault.code == core::FaultCode::preempted;
    const bool is_told = fault.code == core::FaultCode::upstream_error; // it had its end
    record.status = is_cancelled ? usage::Status::cancelled
                    : is_told    ? usage::Status::failed
                                 : usage::Status::aborted;
    record.reason = std::string(core::name_of(fault.code));
    record.estimated = true;
    record.service_tier = turn.create.service_tier;
    // An upstream that failed before any content has delivered nothing to pay for.
    const bool is_undelivered =
        core::side_of(fault.code) == core::Side::upstream && !response.has_output;
    if (turn.snapshot->config->usage.aborted_turns != config::AbortedTurns::free && !is_undelivered)
        record.tokens = estimate(turn, response);
    put_price(turn, attempt, record);
    return record;
}

} // namespace turngate::gateway
