#include "turn.hpp"

#include "admission.hpp"
#include "attempt.hpp"
#include "bind.hpp"
#include "choose.hpp"
#include "drains.hpp"
#include "edits.hpp"
#include "ending.hpp"
#include "header_policy.hpp"
#include "judge.hpp"
#include "resolve.hpp"
#include "sequel.hpp"
#include "settle.hpp"
#include "successor.hpp"
#include "warm_up.hpp"

#include "turngate/protocol/http_create.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

using core::Clock;
using core::Fault;
using core::FaultCode;
using core::Result;

constexpr std::chrono::hours kStaysOnHttp(1);

// Transport auto: the refusal of an upgrade that says so, and is no fault (http.md section 6.8).
bool speaks_no_websocket(const accounts::Account& account, const upstream::LeaseFault& refused)
{
    if (account.config.transport != config::Transport::automatic ||
        refused.fault.code != FaultCode::dial_refused)
        return false;
    const net::HttpResponse& response = refused.response;
    const bool is_json = response.body.find_first_not_of(" \t\r\n") != std::string::npos &&
                         response.headers.get("content-type").find("json") != std::string::npos;
    switch (response.status) {
    case 200:
    case 404:
    case 405:
    case 426:
    case 501:
        return true;
    case 400:
        return !is_json;
    default:
        return false;
    }
}

// 7 lease: the parent's connection, the session's, a spare, or a new dial.
net::Task<Result<>> lease(Turn& turn, Attempt& attempt)
{
    const auto& account = attempt.place.account;
    const auto headers = forwardable(turn.session.forward, account->config.forward_headers);
    auto request = lease_request(turn, attempt.place.route, account);
    auto leased = co_await turn.rooms.pool.lease(std::move(request), headers, turn.stop);
    if (!leased && speaks_no_websocket(*account, leased.error())) {
        account->life->http_until = Clock::now() + kStaysOnHttp;
        co_return co_await lease(turn, attempt);
    }
    if (!leased) {
        attempt.is_fault_anothers = leased.error().is_anothers;
        if (leased.error().fault.code == FaultCode::dial_refused)
            attempt.said = accounts::read_said(leased.error().response, core::wall_now());
        co_return leased.error().fault;
    }
    attempt.lease.emplace(std::move(*leased));
    attempt.lease_how = attempt.lease->how();
    attempt.connection = attempt.lease->connection();
    co_return Result<>();
}

// 8 send: the client's own bytes, with edits spliced in only where needed.
Result<> send(Turn& turn, Attempt& attempt)
{
    auto edited = edits_for(turn, attempt);
    if (!edited)
        return edited.error();
    attempt.is_sealed = edited->is_sealed;
    attempt.sent_at = Clock::now();
    Response response(context_of(turn, attempt.place.route),
                      turn.accepted_at,
                      turn.started_at,
                      turn.rooms.chains.bytes_per_session());
    attempt.relay.attach(attempt.connection, turn.lane_name(), std::move(response));
    turn.lane.turn_state_known_by = attempt.connection->generation();
    const std::string_view create = edited->create.empty() ? turn.frame : edited->create;
    attempt.connection->ask(create, edited->headers, protocol::path_of(turn.create.endpoint));
    return {};
}

// What the upstream says of a response that failed.
accounts::Said said_of(const protocol::TerminalEvent& terminal, const Attempt& attempt)
{
    if (const auto* refusal = attempt.connection ? attempt.connection->refusal() : nullptr)
        return accounts::read_said(*refusal, core::wall_now(), accounts::Refused::create);
    return accounts::read_said(terminal, attempt.relay.response().end, core::wall_now());
}

// 9 relay and 10 settle, for each response: steering adds successors. Fault upstream_error: the
// response has failed, and what is done about it is for recovery to say.
net::Task<Result<>> relay_and_settle(Turn& turn, Attempt& attempt)
{
    for (;;) {
        const auto ended = co_await attempt.relay.until_terminal(turn.stop); // 9
        if (!ended)
            co_return ended.error();
        const auto terminal = read_terminal(turn, attempt);
        if (is_failure(terminal.kind)) {
            attempt.said = said_of(terminal, attempt);
            co_return Fault{FaultCode::upstream_error, {}, "upstream error", attempt.said.status};
        }
        const auto settled = co_await settle(turn, attempt, terminal); // 10
        if (!settled)
            co_return settled.error();
        const bool has_successor = co_await begin_successor(turn, attempt, *settled);
        if (!has_successor)
            co_return Result<>();
    }
}

// Steps 7 to 10, once.
net::Task<Result<>> run(Turn& turn, Attempt& attempt)
{
    if (turn.stop.requested())
        co_return turn.stop.reason();
    if (is_answered_here(turn, *attempt.place.account)) {
        answer_warm_up(turn, attempt);
        co_return co_await relay_and_settle(turn, attempt);
    }
    const auto leased = co_await lease(turn, attempt); // 7 lease
    if (!leased)
        co_return leased.error();
    const auto sent = send(turn, attempt); // 8 send
    if (!sent)
        co_return sent.error();
    co_return co_await relay_and_settle(turn, attempt); // 9 relay, 10 settle
}

// Nobody waits for the response any more, and the operator wants to know what it costs.
bool should_read_on(const Turn& turn, const Attempt& attempt, const Fault& fault)
{
    return fault.code == FaultCode::client_gone && attempt.relay.is_attached() &&
           turn.snapshot->config->usage.aborted_turns == config::AbortedTurns::drain &&
           turn.rooms.drains.has_room();
}

// Until the turn has its end (nothing), or there is a failure to tell. `attempt`: the last one.
net::Task<std::optional<Failure>> try_turn(Turn& turn, std::unique_ptr<Attempt>& attempt)
{
    const auto user_slot = co_await admit(turn); // 4 admit
    if (!user_slot)
        co_return refusal(user_slot.error());
    auto routes = co_await resolve(turn); // 5 resolve
    if (!routes)
        co_return refusal(routes.error());
    for (;;) {
        ++turn.tries.begun;
        auto place = co_await choose(turn, *routes); // 6 choose
        if (!place)
            co_return refusal(place.error());
        attempt = std::make_unique<Attempt>(turn, std::move(*place));
        const auto ended = co_await run(turn, *attempt); // 7 to 10
        if (ended) {
            give_back(*attempt, true);
            give_back_steers(turn, *attempt);
            co_return std::nullopt;
        }
        const bool has_failed = ended.error().code == FaultCode::upstream_error; // which is an end
        const Fault fault =
            turn.stop.requested() && !has_failed ? turn.stop.reason() : ended.error();
        if (should_read_on(turn, *attempt, fault)) {
            turn.unfinished = std::move(attempt);
            co_return std::nullopt;
        }
        const auto sequel = co_await after_failure(turn, *attempt, *routes, fault);
        if (sequel.is_over)
            co_return sequel.failure;
        const Action& action = sequel.failure->action;
        routes =
            routes->after(action.strike, attempt->place.route, attempt->place.account->config.name);
        attempt.reset();
        co_await prepare_retry(turn, *sequel.failure);
    }
}

// 9 and 10 once more, for nobody. Without a terminal event the turn has ended with its client.
net::Task<std::optional<Failure>> try_rest(Turn& turn, std::unique_ptr<Attempt>& attempt)
{
    attempt = std::move(turn.unfinished);
    const auto ended = co_await relay_and_settle(turn, *attempt);
    if (ended) {
        give_back(*attempt, true);
        give_back_steers(turn, *attempt);
        co_return std::nullopt;
    }
    const auto sequel = co_await after_failure(turn, *attempt, {}, ended.error());
    if (!sequel.failure)
        co_return std::nullopt;
    Facts facts = sequel.failure->facts;
    if (facts.fault.code != FaultCode::accounting_unavailable)
        facts.fault.code = FaultCode::client_gone;
    co_return Failure{facts, Action{.what = Action::What::drop, .tell = facts.fault.code}};
}

// All but what follows a turn, however it ended.
net::Task<std::uint16_t> run_to_its_end(
    Turn& turn, net::Task<std::optional<Failure>> (*tries)(Turn&, std::unique_ptr<Attempt>&))
{
    std::unique_ptr<Attempt> attempt; // the last one
    std::optional<Failure> failure;
    try {
        failure = co_await tries(turn, attempt);
    } catch (const std::exception& bug) {
        telemetry::log_error("turn ended by an exception",
                             {{"turn", turn.id}, {"what", bug.what()}});
        if (attempt)
            give_back(*attempt, false);
        failure = refusal(Fault{FaultCode::internal_error, {}, "exception"});
    }
    if (!failure)
        co_return 0;
    const std::uint16_t close_code = end_without_terminal(turn, attempt.get(), *failure);
    turn.lane.note_ended(turn.shown.last_begun);
    if (failure->action.what == Action::What::interrupt && attempt && attempt->is_sent()) {
        attempt->relay.response().items.conclude(turn.rooms.chains.reader(), {});
        co_await bind_interrupted(turn, *attempt);
    }
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
      accepted_at(waiting.accepted_at), started_at(waiting.started_at), id(std::move(waiting.id))
{
}

Turn::~Turn() = default;

void Turn::leave_client(ClientOutput& nobody)
{
    client = &nobody;
    unfinished->relay.redirect(nobody);
    stop.withdraw();
}

bool Turn::is_running(std::string_view response_id) const
{
    return attempt && attempt->is_sent() && attempt->relay.is_running(response_id);
}

void Turn::on_writable()
{
    if (attempt)
        attempt->relay.on_writable();
}

net::Task<std::uint16_t> run_turn(Turn& turn)
{
    const std::uint16_t close_code = co_await run_to_its_end(turn, try_turn);
    if (!turn.unfinished)
        co_await settle_rate(turn);
    co_return close_code;
}

net::Task<> read_on(Turn& turn)
{
    co_await run_to_its_end(turn, try_rest);
    co_await settle_rate(turn);
}

} // namespace turngate::gateway
