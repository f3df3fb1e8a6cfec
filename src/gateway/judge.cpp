#include "judge.hpp"

#include "choose.hpp"
#include "news.hpp"
#include "resolve.hpp"

#include "turngate/accounts/quota_reading.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

using core::Clock;
using core::Fault;
using core::FaultCode;

bool is_loss(const Fault& fault) noexcept
{
    return fault.code == FaultCode::upstream_lost || fault.code == FaultCode::upstream_restart ||
           fault.code == FaultCode::upstream_timeout;
}

Facts::Left left_after(const Turn& turn, const Attempt& attempt, const Routes& routes)
{
    const Place& place = attempt.place;
    const auto after = [&](Strike strike) {
        return routes.after(strike, place.route, place.account->config.name);
    };
    Facts::Left left;
    left.after_route = has_place(turn, after(Strike::route));
    left.after_context = has_place(turn, after(Strike::context));
    left.after_account = has_place_now(turn, after(Strike::account));
    return left;
}

std::chrono::milliseconds time_left(const Turn& turn)
{
    const auto budget = turn.snapshot->config->recovery.budget;
    const auto& began = turn.tries.first_failure_at;
    if (!began)
        return budget;
    return budget - std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - *began);
}

Facts facts_of(const Turn& turn, const Attempt& attempt, const Routes& routes, const Fault& fault)
{
    Facts facts;
    facts.fault = fault;
    facts.word = attempt.said.word;
    facts.seen = turn.shown.seen;
    facts.waits_for_end = !turn.client->shows_at_once();
    facts.may_be_delivered = attempt.is_sent();
    if (attempt.is_sent() && is_loss(fault)) {
        using Progress = upstream::Wire::Progress;
        const Progress progress = attempt.connection->progress();
        facts.may_be_delivered = progress != Progress::unsent;
        facts.is_stale = fault.code == FaultCode::upstream_lost && progress != Progress::heard &&
                         attempt.lease_how == upstream::Lease::How::reused;
    }
    facts.how = attempt.place.route.how;
    facts.is_context_lost = facts.how == Route::How::here &&
                            !is_context_whole(turn, attempt.place.account->config.name);
    facts.has_other_account = has_other_account(turn, attempt.place.account->config.name);
    facts.carries_own_calls =
        !turn.create.tool_output_call_ids.empty() && carries_own_calls(turn.create);
    facts.is_aside = turn.is_aside();
    facts.can_unseal = attempt.is_sealed && !turn.tries.unsealed;
    facts.left = left_after(turn, attempt, routes);
    facts.max_attempts = static_cast<int>(turn.snapshot->config->recovery.max_attempts);
    facts.time_left = time_left(turn);
    if (attempt.is_sent()) {
        const Response& response = attempt.relay.response();
        facts.is_response_failed =
            response.has_ended() && response.end_kind == protocol::EventKind::failed;
        facts.has_output = response.has_output;
    }
    facts.attempts = turn.tries.spent + (is_spent(facts) ? 1 : 0);
    return facts;
}

accounts::Outcome outcome_of(const Attempt& attempt, Action::Verdict verdict)
{
    switch (verdict) {
    case Action::Verdict::none:
        return {accounts::Outcome::neutral};
    case Action::Verdict::fault:
        return {accounts::Outcome::fault};
    case Action::Verdict::cool:
        return {accounts::Outcome::cools,
                attempt.said.for_all_models ? std::string_view() : attempt.place.model,
                attempt.said.resets_in};
    case Action::Verdict::credentials:
        return {accounts::Outcome::refused};
    }
    return {};
}

// Other gateways hear of it, and the client when to come again.
void tell_of_cooling(Turn& turn, const Attempt& attempt, std::string_view model)
{
    const accounts::Account& account = *attempt.place.account;
    const auto now = Clock::now();
    tell_cooling(turn.rooms.bulletin, account, model, now);
    if (const auto until = account.standing->retry_at(attempt.place.model, now))
        turn.retry_after = std::chrono::ceil<std::chrono::seconds>(*until - now);
}

} // namespace

Failure judge(const Turn& turn, const Attempt& attempt, const Routes& routes, const Fault& fault)
{
    const Facts facts = facts_of(turn, attempt, routes, fault);
    return {facts, decide(facts)};
}

Failure refusal(const Fault& fault) noexcept
{
    const Facts facts{.fault = fault};
    return {facts, decide(facts)};
}

void charge(Turn& turn, Attempt& attempt, const Failure& failure)
{
    const bool is_charged =
        attempt.is_fault_anothers ||
        (is_loss(failure.facts.fault) && attempt.connection && !attempt.connection->claim_fault());
    if (is_charged)
        return;
    const Action::Verdict verdict = failure.action.account;
    const accounts::Outcome outcome = outcome_of(attempt, verdict);
    if (verdict == Action::Verdict::fault)
        ++attempt.place.account->life->faults;
    attempt.place.account->settle(attempt.place.permit, outcome, Clock::now());
    if (verdict == Action::Verdict::cool)
        tell_of_cooling(turn, attempt, outcome.model);
}

void credit(Turn& turn, Attempt& attempt)
{
    if (!attempt.connection)
        return; // it has not been asked
    const accounts::Account& account = *attempt.place.account;
    const auto now = Clock::now();
    account.settle(attempt.place.permit, {accounts::Outcome::success}, now);
    if (const auto first = attempt.relay.response().meter.first_content_at())
        account.life->health.first_tokens.add(
            attempt.place.model,
            std::chrono::duration_cast<std::chrono::milliseconds>(*first - *attempt.sent_at));
    if (attempt.relay.rate_limits().empty())
        return;
    const auto wall = core::wall_now();
    for (const auto& window : accounts::read_quota(attempt.relay.rate_limits(), wall, now)) {
        account.standing->quota().report(window.name, window.used_percent, window.resets_at);
        const auto resets_at =
            wall + std::chrono::duration_cast<std::chrono::microseconds>(window.resets_at - now);
        turn.rooms.bulletin.publish_quota(account.config.name,
                                          window.name,
                                          {static_cast<unsigned>(window.used_percent), resets_at});
    }
}

} // namespace turngate::gateway
