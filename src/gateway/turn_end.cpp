#include "turn_end.hpp"

#include "bill.hpp"
#include "budget.hpp"
#include "turn_price.hpp"

#include "turngate/protocol/close_code.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log.hpp"

namespace turngate::gateway {
namespace {

using core::Clock;
using core::FaultCode;
using protocol::EventKind;

constexpr auto kRetryAfter = std::chrono::seconds(1); // when nobody knows better

std::string_view name_of(Seen seen) noexcept
{
    switch (seen) {
    case Seen::nothing:
        return "nothing";
    case Seen::lifecycle:
        return "lifecycle";
    case Seen::content:
        return "content";
    }
    return "unknown";
}

double seconds(core::Deadline from, core::Deadline to)
{
    return std::chrono::duration<double>(to - from).count();
}

Outcome outcome_of(const core::Fault& fault, bool is_sent) noexcept
{
    if (fault.code == FaultCode::client_gone)
        return Outcome::aborted;
    if (fault.code == FaultCode::interrupted || fault.code == FaultCode::preempted)
        return Outcome::incomplete;
    return is_sent || core::side_of(fault.code) == core::Side::upstream ? Outcome::failed
                                                                        : Outcome::refused;
}

// No bill where an upstream failed before a response began; none again where the bill itself was
// what failed. A client that left after its create had gone up is billed: the upstream may have
// worked for it.
bool may_have_cost(const Turn& turn, const Facts& facts) noexcept
{
    if (!turn.is_sent || turn.is_billed || facts.fault.code == FaultCode::accounting_unavailable)
        return false;
    return turn.relay.has_response() || core::side_of(facts.fault.code) != core::Side::upstream;
}

std::string event_for(const Turn& turn, FaultCode code)
{
    protocol::ErrorDetail detail;
    if (turn.create.stream_id)
        detail.stream_id = *turn.create.stream_id;
    if (code == FaultCode::rate_limited)
        detail.retry_after = turn.retry_after.value_or(kRetryAfter);
    if (code == FaultCode::model_not_found) {
        detail.param = "model";
        detail.message = why_unknown(*turn.snapshot, *turn.principal, turn.create.model);
    }
    return protocol::error_event(code, detail);
}

} // namespace

Outcome outcome_of(const protocol::TerminalEvent& terminal) noexcept
{
    switch (terminal.kind) {
    case EventKind::completed:
        return Outcome::completed;
    case EventKind::incomplete:
        return Outcome::incomplete;
    case EventKind::error:
        return Outcome::error;
    case EventKind::created:
    case EventKind::lifecycle:
    case EventKind::delta:
    case EventKind::item_done:
    case EventKind::steer:
    case EventKind::other:
    case EventKind::failed:
        return Outcome::failed;
    }
    return Outcome::failed;
}

core::Result<> write_bill(Turn& turn, const usage::UsageRecord& record)
{
    turn.billed_tokens += record.tokens.total;
    const auto written = turn.rooms.journal.append(record);
    if (written) {
        charge_budget(turn, record);
        return {};
    }
    turn.rooms.metrics.journal_failures.add();
    telemetry::log_error("bill not written",
                         {{"turn", turn.id},
                          {"response", record.upstream_response_id},
                          {"cost_nano_usd", record.cost.value},
                          {"error", written.error().cause.message()}});
    if (turn.snapshot->config->usage.journal.on_failure == config::OnJournalFailure::keep_serving)
        return {};
    return written.error();
}

void log_turn_end(const Turn& turn,
                  Outcome outcome,
                  const usage::UsageRecord* record,
                  const core::Fault* fault)
{
    const auto now = Clock::now();
    turn.rooms.metrics.count(outcome);
    turn.rooms.metrics.turn_seconds.observe(seconds(turn.accepted_at, now));
    if (turn.slot_at)
        turn.rooms.metrics.queue_seconds.observe(seconds(turn.accepted_at, *turn.slot_at));
    const auto first = turn.relay.first_content_at();
    if (first)
        turn.rooms.metrics.first_token_seconds.observe(seconds(turn.accepted_at, *first));

    const auto ms = [&](core::Deadline at) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(at - turn.accepted_at).count();
    };
    telemetry::log_info("turn ended",
                        {{"turn", turn.id},
                         {"session", turn.session.id},
                         {"lane", turn.create.stream_id.value_or("")},
                         {"outcome", name_of(outcome)},
                         {"user", turn.principal ? turn.principal->user : std::string()},
                         {"key", turn.principal ? turn.principal->key : std::string()},
                         {"account", turn.account ? turn.account->config.name : std::string()},
                         {"model", turn.create.model},
                         {"parent", turn.create.previous_response_id},
                         {"response", record ? record->upstream_response_id : std::string()},
                         {"connection", turn.connection ? turn.connection->generation() : 0},
                         {"reused", turn.connection && turn.how == upstream::Lease::How::reused},
                         {"fault", fault ? core::name_of(fault->code) : std::string_view()},
                         {"where", fault ? std::string_view(fault->where) : std::string_view()},
                         {"reason", record ? record->reason : std::string()},
                         {"seen", name_of(turn.relay.seen())},
                         {"attempts", turn.attempts},
                         {"retry_reason", turn.retry_reason},
                         {"input_tokens", record ? record->tokens.input : 0},
                         {"output_tokens", record ? record->tokens.output : 0},
                         {"first_token_ms", first ? ms(*first) : -1},
                         {"ms", ms(now)},
                         {"openai_ws_mode", true}});
}

std::uint16_t end_without_terminal(Turn& turn, const Facts& facts, const Action& action)
{
    std::optional<usage::UsageRecord> record;
    FaultCode tell = action.tell;
    if (may_have_cost(turn, facts)) {
        record = bill_aborted(turn, facts.fault);
        if (!write_bill(turn, *record))
            tell = FaultCode::accounting_unavailable;
    }
    log_turn_end(
        turn, outcome_of(facts.fault, turn.is_sent), record ? &*record : nullptr, &facts.fault);
    switch (turn.is_told ? Action::What::drop : action.what) {
    case Action::What::drop:
        break;
    case Action::What::interrupt:
        turn.relay.release_held();
        turn.client->send(protocol::incomplete_event(
            turn.relay.has_response() ? turn.relay.response_id() : "resp_" + turn.id,
            "interrupted",
            turn.lane_name()));
        break;
    case Action::What::relay:
        turn.relay.release_held();
        turn.client->send(turn.relay.terminal_event());
        break;
    case Action::What::retry: // decided, and then there was no time left for it
    case Action::What::tell:
        turn.client->send(event_for(turn, tell));
        break;
    }
    turn.client->flush();
    // A response whose bill is lost may not be followed by another: the gateway's own fault, like
    // an exception.
    if (tell == FaultCode::accounting_unavailable && turn.is_sent)
        return protocol::internal_error;
    return protocol::catalogue(tell).close_code;
}

} // namespace turngate::gateway
