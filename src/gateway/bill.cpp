#include "bill.hpp"

#include "turn_price.hpp"

#include "turngate/core/id.hpp"
#include "turngate/telemetry/log.hpp"
#include "turngate/usage/prices.hpp"

#include <algorithm>
#include <optional>

namespace turngate::gateway {
namespace {

using core::Clock;
using protocol::EventKind;

std::int64_t ms_between(core::Deadline from, core::Deadline to)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

// A response's tokens, by its size. Its parent's context is known exactly.
protocol::TokenUsage estimate(const Turn& turn,
                              const Response& response,
                              const usage::ModelPrice* price)
{
    const auto& input = response.context.input;
    const std::size_t bytes = input ? input->size() : turn.frame.size();
    protocol::TokenUsage tokens;
    tokens.input = response.context.parent_tokens + tokens_in(bytes, turn.create.size);
    tokens.input = std::min(tokens.input, input_limit(price).value_or(tokens.input));
    tokens.cached =
        0; // unknown: the user is not charged less on a guess, nor more than the list price
    tokens.output = response.meter.estimated_output_tokens();
    tokens.total = tokens.input + tokens.output;
    return tokens;
}

// The same of one that has its end: what came without deltas stands there.
protocol::TokenUsage estimate_ended(const Turn& turn,
                                    const Response& response,
                                    const protocol::TerminalEvent& terminal,
                                    const usage::ModelPrice* price)
{
    protocol::TokenUsage tokens = estimate(turn, response, price);
    if (tokens.output == 0)
        tokens.output = tokens_in(terminal.output.size(), {});
    tokens.total = tokens.input + tokens.output;
    tokens.web_searches = is_credible({.web_searches = terminal.web_searches}, price, true)
                              ? terminal.web_searches
                              : 0;
    return tokens;
}

// What is answered here has no connection: only accounts over HTTP are not asked themselves.
usage::UpstreamTransport transport_of(const Attempt& attempt)
{
    return attempt.connection && !attempt.connection->is_http() ? usage::UpstreamTransport::ws
                                                                : usage::UpstreamTransport::http;
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
    record.upstream_transport = transport_of(attempt);
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

// That of the turn's start, or of the model that only the answer names.
usage::FoundPrice found_price(const Turn& turn,
                              const Attempt& attempt,
                              const usage::UsageRecord& record)
{
    if (attempt.place.price)
        return {attempt.place.price, usage::FoundPrice::Kind::known};
    return usage::find_price(*turn.snapshot->prices,
                             turn.snapshot->config->pricing.unknown_model,
                             record.upstream_model);
}

// Where an answer's model may not be used without a price, it is billed with the dearest.
const usage::ModelPrice* price_of_unpriced(const Turn& turn,
                                           const usage::FoundPrice& found,
                                           usage::UsageRecord& record)
{
    telemetry::log_warn_hourly("a model has no price", {"model", record.upstream_model});
    turn.rooms.metrics.unpriced.add();
    const bool is_free = may_use(*turn.principal, found);
    if (record.reason.empty())
        record.reason = is_free ? "unpriced" : "unpriced_model";
    if (is_free)
        return nullptr;
    record.estimated = true;
    return dearest_price(*turn.snapshot, turn.principal->group, record.tokens, record.service_tier);
}

void put_price(const Turn& turn,
               const Attempt& attempt,
               const usage::FoundPrice& found,
               usage::UsageRecord& record)
{
    const auto* price = found.price ? found.price : price_of_unpriced(turn, found, record);
    if (!price)
        return;
    const auto cost = usage::settle_price(*turn.snapshot->prices,
                                          *price,
                                          record.tokens,
                                          record.service_tier,
                                          record.multiplier,
                                          attempt.place.account->config.cost_multiplier);
    record.cost = cost.cost;
    record.account_cost = cost.account_cost;
}

// What the upstream reports, if it can be so; else nothing, and somebody must hear of it.
std::optional<protocol::TokenUsage> credible_usage(const Turn& turn,
                                                   const protocol::TerminalEvent& terminal,
                                                   const usage::ModelPrice* price,
                                                   const std::string& model)
{
    const bool is_open = turn.create.size.has_hosted_tools;
    if (terminal.usage && is_credible(*terminal.usage, price, is_open))
        return terminal.usage;
    if (terminal.usage || terminal.has_odd_usage) {
        telemetry::log_warn_hourly("usage makes no sense: estimated", {"model", model});
        turn.rooms.metrics.odd_usage.add();
    }
    return std::nullopt;
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
    if (!attempt.connection && !turn.create.generate)
        record.reason = "local_warm_up";
    else if (record.reason.empty() && attempt.place.route.how == Route::How::shortened)
        record.reason = name_of(attempt.place.route.how);
    if (record.upstream_response_id.empty())
        record.upstream_response_id = terminal.response_id;
    if (record.upstream_model.empty())
        record.upstream_model = terminal.model;
    record.service_tier =
        terminal.service_tier.empty() ? turn.create.service_tier : terminal.service_tier;
    const auto price = found_price(turn, attempt, record);
    const auto reported = credible_usage(turn, terminal, price.price, record.upstream_model);
    record.estimated = !reported;
    // A response that failed without usage and without content has cost nobody anything that we
    // know of.
    const bool is_failed = terminal.kind == EventKind::failed || terminal.kind == EventKind::error;
    const bool is_free = record.estimated && is_failed && !response.has_output;
    if (reported)
        record.tokens = *reported;
    else if (!is_free)
        record.tokens = estimate_ended(turn, response, terminal, price.price);
    put_price(turn, attempt, price, record);
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
    const auto price = found_price(turn, attempt, record);
    // An upstream that failed before any content has delivered nothing to pay for.
    const bool is_undelivered =
        core::side_of(fault.code) == core::Side::upstream && !response.has_output;
    if (turn.snapshot->config->usage.aborted_turns != config::AbortedTurns::free && !is_undelivered)
        record.tokens = estimate(turn, response, price.price);
    put_price(turn, attempt, price, record);
    return record;
}

} // namespace turngate::gateway
