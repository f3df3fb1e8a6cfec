#include "ending.hpp"

#include "bill.hpp"
#include "budget.hpp"
#include "turn_price.hpp"

#include "turngate/protocol/close_code.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log_whole.hpp"

#include <algorithm>

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
// what failed, or a terminal event was billed. A client that left after its create had gone up is
// billed: the upstream may have worked for it.
bool may_have_cost(const Attempt& attempt, const core::Fault& fault) noexcept
{
    if (!attempt.is_sent() || attempt.turn.is_free() ||
        fault.code == FaultCode::accounting_unavailable || fault.code == FaultCode::upstream_error)
        return false;
    return attempt.relay.response().has_begun() ||
           core::side_of(fault.code) != core::Side::upstream;
}

std::string_view param_of(FaultCode code) noexcept
{
    if (code == FaultCode::model_not_found)
        return "model";
    return code == FaultCode::parent_not_found ? "previous_response_id" : std::string_view();
}

std::string event_for(const Turn& turn, const Attempt* attempt, FaultCode code)
{
    protocol::ErrorDetail detail;
    if (turn.create.stream_id)
        detail.stream_id = *turn.create.stream_id;
    if (code == FaultCode::rate_limited)
        detail.retry_after = turn.retry_after.value_or(kRetryAfter);
    if (code == FaultCode::invalid_request && attempt)
        detail.message = attempt->said.message; // why a dial was refused
    if (code == FaultCode::model_not_found && turn.principal)
        detail.message = why_unknown(*turn.snapshot, *turn.principal, turn.create.model);
    detail.param = param_of(code);
    return protocol::error_event(code, detail);
}

// SDKs repeat by themselves what failed; a turn that may have been executed they would pay for
// twice (http.md section 6.6). On a WebSocket nobody does.
std::string for_client(const Turn& turn, std::string error)
{
    const bool is_http = turn.session.request_type != usage::RequestType::ws_v2;
    return is_http && turn.tries.may_have_run ? protocol::without_repetition(error)
                                              : std::move(error);
}

// Its items came, and the end names none of them.
bool lacks_output(const protocol::TerminalEvent& terminal, const Response& response)
{
    const bool has_list =
        terminal.kind == EventKind::completed || terminal.kind == EventKind::incomplete;
    return has_list && terminal.output.find('{') == terminal.output.npos &&
           !response.items.items().empty();
}

// Of the response that the client has seen begin, or may have.
std::string interrupted_event(const Turn& turn)
{
    const std::string& begun = turn.shown.last_begun;
    return protocol::incomplete_event(
        begun.empty() ? "resp_" + turn.id : begun, "interrupted", turn.lane_name());
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
    case EventKind::content:
    case EventKind::delta:
    case EventKind::item_done:
    case EventKind::steer:
    case EventKind::control:
    case EventKind::failed:
        return Outcome::failed;
    }
    return Outcome::failed;
}

core::Result<> write_bill(Turn& turn, const usage::UsageRecord& record)
{
    turn.claims.billed_tokens += record.tokens.total;
    const auto written = turn.rooms.journal.append(record);
    if (written) {
        charge_budget(turn, record);
        return {};
    }
    turn.rooms.metrics.journal_failures.add();
    telemetry::log_error_whole("bill not written",
                               {{"turn", turn.id},
                                {"response", record.upstream_response_id},
                                {"cost_nano_usd", record.cost.value},
                                {"error", written.error().cause.message()},
                                {"record", usage::to_json(record)}});
    if (turn.snapshot->config->usage.journal.on_failure == config::OnJournalFailure::refuse)
        return written.error();
    charge_budget(turn, record);
    return {};
}

void send_terminal(Turn& turn, Attempt& attempt, const protocol::TerminalEvent& terminal)
{
    const std::string& event = attempt.relay.response().end;
    attempt.relay.release_held();
    const bool is_error = terminal.kind == EventKind::error;
    if (is_error) {
        const int said =
            terminal.status != 0 ? terminal.status : accounts::status_of(attempt.said.word);
        const int status = protocol::top_level_status(event).value_or(said);
        const bool is_complete = protocol::is_complete_error(event);
        turn.client->send(
            for_client(turn, is_complete ? event : protocol::with_status(event, status)));
    } else if (lacks_output(terminal, attempt.relay.response())) {
        turn.client->send(protocol::with_output(event, attempt.relay.response().items.items()));
    } else {
        turn.client->send(event);
    }
    turn.client->flush();
}

void log_turn_end(const Turn& turn,
                  const Attempt* attempt,
                  Outcome outcome,
                  const usage::UsageRecord* record,
                  const Failure* failure)
{
    const auto now = Clock::now();
    const Response* response = attempt && attempt->is_sent() ? &attempt->relay.response() : nullptr;
    const auto began = response ? response->accepted_at : turn.accepted_at;
    const auto first = response ? response->meter.first_content_at() : std::nullopt;
    const Metrics& metrics = turn.rooms.metrics;
    metrics.count(outcome);
    metrics.turn_seconds.observe(seconds(began, now));
    if (attempt)
        metrics.queue_seconds.observe(std::max(0.0, seconds(began, attempt->place.at)));
    if (first)
        metrics.first_token_seconds.observe(seconds(began, *first));

    const auto ms = [&](core::Deadline at) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(at - began).count();
    };
    const upstream::Connection* connection = attempt ? attempt->connection.get() : nullptr;
    const core::Fault* fault = failure ? &failure->facts.fault : nullptr;
    telemetry::log_info(
        "turn ended",
        {{"turn", turn.id},
         {"session", turn.session.id},
         {"lane", turn.lane_name()},
         {"outcome", name_of(outcome)},
         {"user", turn.principal ? turn.principal->user : std::string()},
         {"key", turn.principal ? turn.principal->key : std::string()},
         {"account", attempt ? attempt->place.account->config.name : std::string()},
         {"route", attempt ? name_of(attempt->place.route.how) : std::string_view()},
         {"model", turn.create.model},
         {"parent", turn.create.previous_response_id},
         {"response", record ? record->upstream_response_id : std::string()},
         {"connection", connection ? connection->generation() : 0},
         {"reused", attempt && attempt->lease_how == upstream::Lease::How::reused},
         {"fault", fault ? core::name_of(fault->code) : std::string_view()},
         {"where", fault ? std::string_view(fault->where) : std::string_view()},
         {"why_not", failure ? failure->action.why_not : std::string_view()},
         {"reason", record ? record->reason : std::string()},
         {"seen", name_of(turn.shown.seen)},
         {"attempts", turn.tries.begun},
         {"retry_reason", turn.tries.retry_reason},
         {"input_tokens", record ? record->tokens.input : 0},
         {"output_tokens", record ? record->tokens.output : 0},
         {"first_token_ms", first ? ms(*first) : -1},
         {"ms", ms(now)},
         {"openai_ws_mode", true}});
}

std::uint16_t end_without_terminal(Turn& turn, Attempt* attempt, const Failure& failure)
{
    const core::Fault& fault = failure.facts.fault;
    const bool is_sent = attempt && attempt->is_sent();
    std::optional<usage::UsageRecord> record;
    FaultCode tell = failure.action.tell;
    if (attempt && may_have_cost(*attempt, fault)) {
        record = bill_aborted(turn, *attempt, fault);
        if (!write_bill(turn, *record))
            tell = FaultCode::accounting_unavailable;
    }
    log_turn_end(turn, attempt, outcome_of(fault, is_sent), record ? &*record : nullptr, &failure);
    switch (failure.action.what) {
    case Action::What::drop:
        break;
    case Action::What::interrupt:
        if (attempt)
            attempt->relay.release_held();
        turn.client->send(interrupted_event(turn));
        break;
    case Action::What::relay: // its bill was what failed
    case Action::What::next:  // decided, and then there was no time left for it
    case Action::What::again:
    case Action::What::tell:
        turn.client->send(for_client(turn, event_for(turn, attempt, tell)));
        break;
    }
    turn.client->flush();
    // A response whose bill is lost may not be followed by another: the gateway's own fault, like
    // an exception.
    if (tell == FaultCode::accounting_unavailable && is_sent)
        return protocol::internal_error;
    return protocol::catalogue(tell).close_code;
}

} // namespace turngate::gateway
