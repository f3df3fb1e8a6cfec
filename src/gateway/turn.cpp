#include "turn.hpp"

#include "admission.hpp"
#include "bill.hpp"
#include "choice.hpp"
#include "continuity.hpp"
#include "drains.hpp"
#include "header_policy.hpp"
#include "recovery.hpp"
#include "successor.hpp"
#include "turn_edits.hpp"
#include "turn_end.hpp"
#include "turn_facts.hpp"
#include "turngate/accounts/backoff.hpp"

#include "turngate/core/id.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

using core::Clock;
using core::Fault;
using core::FaultCode;
using core::Result;
using telemetry::log_debug;

// What a refused dial said: when to come again, and why.
void read_refusal(Turn& turn, const net::HttpResponse& refusal)
{
    turn.said = accounts::read_said(refusal, core::wall_now());
    if (refusal.status == 429)
        turn.retry_after = turn.said.resets_in.value_or(accounts::Standing::kFirstCooling);
}

// 7 lease: the parent's connection, the session's, a spare, or a new dial.
net::Task<Result<upstream::Lease>> lease(Turn& turn, const Route& route)
{
    const auto headers = forwardable(turn.session.forward, turn.account->config.forward_headers);
    auto request = lease_request(turn, turn.account, route.connection);
    request.needs_that_connection = route.needs_that_connection;
    auto leased = co_await turn.rooms.pool.lease(std::move(request), headers, turn.stop);
    if (!leased) {
        turn.is_fault_anothers = leased.error().is_anothers;
        if (leased.error().fault.code == FaultCode::dial_refused)
            read_refusal(turn, leased.error().response);
        co_return leased.error().fault;
    }
    turn.connection = leased->connection();
    turn.how = leased->how();
    co_return std::move(*leased);
}

// 8 send: the client's own bytes, with edits spliced in only where needed.
Result<> send(Turn& turn)
{
    const auto edits = edits_for(turn);
    if (!edits)
        return edits.error();
    turn.relay.attach(turn.connection, turn.lane_name());
    turn.is_sent = true;
    turn.sent_at = Clock::now();
    turn.lane.turn_state_known_by = turn.connection->generation();
    turn.rebuilds += turn.wants_rebuild ? 1 : 0;
    if (edits->empty())
        turn.connection->send(turn.frame);
    else
        turn.connection->send(protocol::apply(turn.frame, *edits));
    return {};
}

bool can_be_continued(const protocol::TerminalEvent& terminal) noexcept
{
    return terminal.kind == protocol::EventKind::completed ||
           terminal.kind == protocol::EventKind::incomplete;
}

// Clients wait for ever on an error event without a numeric status (protocol.md section 10.4).
std::string with_status(const Turn& turn, const protocol::TerminalEvent& terminal)
{
    const std::string& event = turn.relay.terminal_event();
    if (terminal.kind != protocol::EventKind::error || terminal.status != 0 ||
        event.find("\"status\"") != event.npos)
        return event;
    const std::string status = std::to_string(accounts::status_of(turn.said.word));
    return protocol::apply(event, {protocol::insert_raw(event, "status", status)});
}

// An error that is mended instead of told.
Result<> settle_unseen(Turn& turn, const protocol::TerminalEvent& terminal, const Action& judged)
{
    turn.is_connection_clean = judged.keep_connection;
    if (terminal.usage && turn.relay.has_response()) {
        turn.is_billed = true; // what it cost is owed, though nobody sees it
        const auto written = write_bill(turn, bill(turn, terminal));
        if (!written)
            return written.error();
    }
    turn.judged = judged;
    return upstream_said(terminal);
}

// 10 settle: the bill is in the journal before the client sees the end; all else comes after it.
net::Task<Result<>> settle(Turn& turn)
{
    const auto terminal = turn.rooms.upstream_events.read_terminal(turn.relay.terminal_event(),
                                                                   turn.relay.terminal_kind());
    const auto judged = judge(turn, terminal);
    if (judged && judged->what != Action::What::relay && !turn.is_left)
        co_return settle_unseen(turn, terminal, *judged);
    std::optional<usage::UsageRecord> record;
    if (turn.relay.has_response() || !terminal.response_id.empty()) {
        record = bill(turn, terminal);
        if (turn.is_left && record->reason.empty())
            record->reason = core::name_of(FaultCode::client_gone);
        const auto written = write_bill(turn, *record);
        if (!written)
            co_return written.error();
        turn.is_billed = true;
    }
    turn.relay.release_held();
    turn.client->send(with_status(turn, terminal));
    turn.is_told = true;
    turn.client->flush();

    log_turn_end(turn, outcome_of(terminal), record ? &*record : nullptr, nullptr);
    if (judged)
        charge(turn, upstream_said(terminal), *judged);
    else
        credit(turn);
    turn.is_sent = false; // and paid for
    turn.is_connection_clean = !judged || judged->keep_connection;
    turn.last_response_id = terminal.response_id;
    turn.last_context_tokens = record ? record->tokens.total : 0;
    if (can_be_continued(terminal))
        co_await bind(turn, terminal.response_id, turn.last_context_tokens);
    co_return Result<>();
}

// 9 relay and 10 settle, for each response: steering adds successors.
net::Task<Result<>> relay_and_settle(Turn& turn)
{
    const auto between_events = turn.snapshot->config->relay.event_timeout;
    for (;;) {
        const auto terminal = co_await turn.relay.until_terminal(between_events, turn.stop); // 9
        if (!terminal)
            co_return terminal.error();
        const auto settled = co_await settle(turn); // 10
        if (!settled)
            co_return settled.error();
        const auto has_successor = co_await begin_successor(turn);
        if (!has_successor)
            co_return has_successor.error();
        if (!*has_successor)
            co_return Result<>();
    }
}

// The lease ends as the turn has: an answer that is still owed would be taken for one to the lane's
// next turn.
void give_back(Turn& turn, upstream::Lease lease)
{
    if (turn.is_connection_clean && !turn.relay.awaits_answer()) {
        turn.relay.detach();
        std::move(lease).park();
    } else {
        turn.relay.abandon();
    }
}

// Nobody waits for the response any more, and the operator wants to know what it costs.
bool should_read_on(const Turn& turn, const Result<>& ended)
{
    return !ended && ended.error().code == FaultCode::client_gone && turn.relay.is_attached() &&
           turn.snapshot->config->usage.aborted_turns == config::AbortedTurns::drain &&
           turn.rooms.drains.has_room();
}

// Steps 5 to 10, once.
net::Task<Result<>> attempt(Turn& turn)
{
    turn.connection.reset();
    turn.permit.reset();
    turn.is_fault_anothers = false;
    turn.is_connection_clean = false;
    if (turn.stop.requested())
        co_return turn.stop.reason();
    const auto route = co_await resolve(turn); // 5 resolve
    if (!route)
        co_return route.error();
    auto account_slot = co_await choose(turn, *route); // 6 choose
    if (!account_slot)
        co_return account_slot.error();
    auto leased = co_await lease(turn, *route); // 7 lease
    if (!leased)
        co_return leased.error();
    const auto sent = send(turn); // 8 send
    if (!sent)
        co_return sent.error();
    const auto ended = co_await relay_and_settle(turn); // 9 relay, 10 settle
    if (should_read_on(turn, ended))
        turn.unfinished.emplace(Turn::Unfinished{std::move(*account_slot), std::move(*leased)});
    else
        give_back(turn, std::move(*leased));
    co_return ended;
}

// What the last attempt left behind, and why there is another.
net::Task<> prepare_retry(Turn& turn, const Facts& facts, const Action& action)
{
    if (!turn.first_failure_at)
        turn.first_failure_at = Clock::now();
    turn.spent = facts.attempts;
    turn.retry_reason = action.reason;
    turn.wants_rebuild = turn.wants_rebuild || action.context == Action::Context::rebuilt;
    if (action.where == Action::Where::other_account)
        turn.failed_accounts.push_back(turn.account->config.name);
    log_debug(
        "turn is tried again",
        {{"turn", turn.id}, {"reason", action.reason}, {"fault", core::name_of(facts.fault.code)}});
    give_back_steers(turn); // they were meant for a response that is no more
    if (!turn.relay.turn_state().empty())
        turn.lane.turn_state = turn.relay.turn_state();
    turn.relay.start_anew();
    turn.is_sent = false;
    turn.said = {};
    turn.is_response_failed = false;
    turn.judged.reset();
    turn.is_billed = false;
    if (!action.backoff)
        co_return;
    net::Event pause(turn.rooms.loop);
    const auto until =
        Clock::now() + std::min(accounts::backoff(turn.attempts, core::random_u32()), facts.left);
    co_await pause.wait_until(until, turn.stop);
}

// Until the turn has its end (nothing), or there is a failure that is told.
net::Task<std::optional<Failure>> try_turn(Turn& turn)
{
    const auto user_slot = co_await admit(turn); // 4 admit
    if (!user_slot)
        co_return Failure{Facts{.fault = user_slot.error()},
                          decide(Facts{.fault = user_slot.error()})};
    for (;;) {
        ++turn.attempts;
        const auto ended = co_await attempt(turn);
        if (ended || turn.unfinished)
            co_return std::nullopt;
        const Facts facts =
            facts_of(turn, turn.stop.requested() ? turn.stop.reason() : ended.error());
        const Action action = turn.judged && !turn.stop.requested() ? *turn.judged : decide(facts);
        charge(turn, facts.fault, action);
        if (action.what != Action::What::retry)
            co_return Failure{facts, action};
        co_await prepare_retry(turn, facts, action);
    }
}

// 9 and 10 once more, for nobody. Without a terminal event the turn has ended with its client.
net::Task<std::optional<Failure>> try_rest(Turn& turn)
{
    auto rest = std::exchange(turn.unfinished, std::nullopt);
    const auto ended = co_await relay_and_settle(turn);
    give_back(turn, std::move(rest->lease));
    if (ended)
        co_return std::nullopt;
    Facts facts = facts_of(turn, ended.error());
    charge(turn, facts.fault, decide(facts));
    if (facts.fault.code != FaultCode::accounting_unavailable)
        facts.fault.code = FaultCode::client_gone;
    co_return Failure{facts, Action{.what = Action::What::drop, .tell = facts.fault.code}};
}

// All but what follows a turn, however it ended.
net::Task<std::uint16_t> run_to_its_end(Turn& turn, net::Task<std::optional<Failure>> attempts)
{
    std::optional<Failure> failure;
    try {
        failure = co_await std::move(attempts);
    } catch (const std::exception& bug) {
        telemetry::log_error("turn ended by an exception",
                             {{"turn", turn.id}, {"what", bug.what()}});
        turn.relay.abandon();
        const Facts facts{.fault = Fault{FaultCode::internal_error, {}, "exception"}};
        failure = Failure{facts, decide(facts)};
    }
    if (!failure)
        co_return 0;
    give_back_steers(turn);
    const std::uint16_t close_code = end_without_terminal(turn, failure->facts, failure->action);
    if (failure->action.what == Action::What::interrupt)
        co_await bind_interrupted(turn);
    co_return close_code;
}

} // namespace

Turn::Turn(Rooms& its_rooms,
           ClientOutput& its_client,
           const SessionFacts& its_session,
           LaneMemory& its_lane,
           WaitingTurn waiting)
    : rooms(its_rooms), client(&its_client), session(its_session), lane(its_lane),
      create(std::move(waiting.create)), frame(std::move(waiting.frame)),
      accepted_at(waiting.accepted_at), started_at(waiting.started_at), id(core::uuid7()),
      relay(its_rooms.loop, its_client, its_rooms.upstream_events, its_rooms.metrics.pauses)
{
}

void Turn::leave_client(ClientOutput& nobody)
{
    client = &nobody;
    relay.redirect(nobody);
    stop.withdraw();
    is_left = true;
}

net::Task<std::uint16_t> run_turn(Turn& turn)
{
    auto attempts = try_turn(turn);
    const std::uint16_t close_code = co_await run_to_its_end(turn, std::move(attempts));
    if (!turn.unfinished)
        co_await settle_rate(turn);
    co_return close_code;
}

net::Task<> read_on(Turn& turn)
{
    auto rest = try_rest(turn);
    co_await run_to_its_end(turn, std::move(rest));
    co_await settle_rate(turn);
}

} // namespace turngate::gateway
