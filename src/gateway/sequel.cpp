#include "sequel.hpp"

#include "bill.hpp"
#include "judge.hpp"
#include "settle.hpp"
#include "successor.hpp"

#include "turngate/accounts/backoff.hpp"
#include "turngate/core/id.hpp"
#include "turngate/net/event.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

using core::Clock;
using core::Result;

// A response that failed has had its end: it is told in the upstream's words, or billed for what it
// cost unseen.
net::Task<Result<>> end_failed_response(Turn& turn, Attempt& attempt, const Action& action)
{
    const auto terminal = read_terminal(turn, attempt);
    if (action.what == Action::What::relay) {
        const auto settled = co_await settle(turn, attempt, terminal);
        co_return settled ? Result<>() : settled.error();
    }
    const bool is_last = !action.is_retry();
    const Response& response = attempt.relay.response();
    // Who waits for a document has seen nothing of its output; it has cost something all the same.
    if (response.has_begun() && (terminal.usage || is_last || response.has_output))
        co_return write_bill(turn, bill(turn, attempt, terminal));
    co_return Result<>();
}

} // namespace

net::Task<Sequel> after_failure(Turn& turn,
                                Attempt& attempt,
                                const Routes& routes,
                                core::Fault fault)
{
    Failure failure = judge(turn, attempt, routes, fault);
    Action& action = failure.action;
    turn.tries.may_have_run = turn.tries.may_have_run || may_have_run(failure.facts);
    const bool has_ended = fault.code == core::FaultCode::upstream_error;
    if (has_ended && (turn.is_left() || turn.stop.requested()))
        action.what = Action::What::relay; // nobody waits for anything better
    charge(turn, attempt, failure);
    if (has_ended) {
        const auto ended = co_await end_failed_response(turn, attempt, action);
        if (!ended)
            failure = refusal(ended.error());
        else if (action.what == Action::What::relay) {
            give_back(attempt, action.keep_connection);
            co_return Sequel{};
        }
    } else if (action.is_retry() && failure.facts.has_output) {
        // As above.
        const auto written = write_bill(turn, bill_aborted(turn, attempt, fault));
        if (!written)
            failure = refusal(written.error());
    }
    if (attempt.is_sent()) {
        give_back_steers(turn, attempt); // they were meant for a response that is no more
        if (!attempt.relay.turn_state().empty())
            turn.lane.turn_state = attempt.relay.turn_state();
    }
    give_back(attempt, action.keep_connection);
    const bool is_over = !action.is_retry();
    co_return Sequel{is_over, std::move(failure)};
}

net::Task<> prepare_retry(Turn& turn, const Failure& failure)
{
    const auto& [facts, action] = failure;
    turn.tries.spent = facts.attempts;
    turn.tries.retry_reason = action.reason;
    turn.tries.anew = action.anew;
    turn.tries.unsealed = turn.tries.unsealed || action.unseal;
    if (!turn.tries.first_failure_at)
        turn.tries.first_failure_at = Clock::now();
    telemetry::log_debug(
        "turn is tried again",
        {{"turn", turn.id}, {"reason", action.reason}, {"fault", core::name_of(facts.fault.code)}});
    if (!action.backoff)
        co_return;
    net::Event pause(turn.rooms.loop);
    const auto rest = accounts::backoff(turn.tries.begun, core::random_u32());
    const auto until = Clock::now() + std::min(rest, facts.time_left);
    co_await pause.wait_until(until, turn.stop);
}

} // namespace turngate::gateway
