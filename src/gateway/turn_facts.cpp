#include "turn_facts.hpp"

#include "choice.hpp"
#include "news.hpp"
#include "turngate/accounts/quota_reading.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {

using core::Clock;
using core::Fault;
using core::FaultCode;

namespace {

bool is_loss(const Fault& fault) noexcept
{
    return fault.code == FaultCode::upstream_lost || fault.code == FaultCode::upstream_restart ||
           fault.code == FaultCode::upstream_timeout;
}

} // namespace

core::Fault upstream_said(const protocol::TerminalEvent& terminal) noexcept
{
    return {FaultCode::upstream_error, {}, "upstream error", terminal.status};
}

Facts facts_of(const Turn& turn, const Fault& fault)
{
    const config::Recovery& recovery = turn.snapshot->config->recovery;
    Facts facts;
    facts.fault = fault;
    facts.word = turn.said.word;
    facts.is_response_failed = turn.is_response_failed;
    facts.seen = turn.relay.seen();
    facts.may_be_delivered = turn.is_sent;
    facts.has_output = turn.relay.has_output();
    facts.parent = turn.parent;
    facts.has_tool_outputs = !turn.create.tool_output_call_ids.empty();
    facts.carries_own_calls = carries_own_calls(turn.create);
    facts.rebuilds = turn.rebuilds;
    facts.chain_complete =
        rebuilt_input(turn, turn.account ? turn.account->config.name : turn.parent_account)
            .has_value();
    facts.has_other_account = turn.account && has_other_account(turn);
    facts.max_attempts = static_cast<int>(recovery.max_attempts);
    facts.left = recovery.budget;
    if (turn.first_failure_at)
        facts.left -= std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() -
                                                                            *turn.first_failure_at);
    facts.attempts = turn.spent + (is_spent(facts) ? 1 : 0);
    return facts;
}

std::optional<Action> judge(Turn& turn, const protocol::TerminalEvent& terminal)
{
    turn.is_response_failed = terminal.kind == protocol::EventKind::failed;
    if (!turn.is_response_failed && terminal.kind != protocol::EventKind::error)
        return std::nullopt;
    turn.said = accounts::read_said(terminal, turn.relay.terminal_event(), core::wall_now());
    if (turn.said.word == accounts::UpstreamWord::rate_limited ||
        turn.said.word == accounts::UpstreamWord::quota) // told if nobody else can take the turn
        turn.retry_after = turn.said.resets_in.value_or(accounts::Standing::kFirstCooling);
    return decide(facts_of(turn, upstream_said(terminal)));
}

void charge(Turn& turn, const Fault& fault, const Action& action)
{
    auto permit = std::exchange(turn.permit, std::nullopt); // neutral, unless it is settled below
    if (!turn.account || turn.is_fault_anothers ||
        (is_loss(fault) && turn.connection && !turn.connection->claim_fault()))
        return;
    const auto now = Clock::now();
    accounts::Outcome outcome;
    switch (action.account) {
    case Action::Verdict::none:
        break;
    case Action::Verdict::fault:
        ++turn.account->life->faults;
        outcome.kind = accounts::Outcome::fault;
        break;
    case Action::Verdict::cool:
        outcome = {accounts::Outcome::cools, turn.upstream_model, turn.said.resets_in};
        if (turn.said.for_all_models)
            outcome.model = {};
        break;
    case Action::Verdict::credentials:
        outcome.kind = accounts::Outcome::refused;
        break;
    }
    if (permit)
        turn.account->settle(*permit, outcome, now);
    if (action.account == Action::Verdict::cool)
        tell_cooling(turn.rooms.bulletin, *turn.account, outcome.model, now);
}

void credit(Turn& turn)
{
    const auto now = Clock::now();
    if (auto permit = std::exchange(turn.permit, std::nullopt))
        turn.account->settle(*permit, {accounts::Outcome::success}, now);
    if (const auto first = turn.relay.first_content_at())
        turn.account->life->health.first_tokens.add(
            turn.upstream_model,
            std::chrono::duration_cast<std::chrono::milliseconds>(*first - turn.sent_at));
    if (turn.relay.rate_limits().empty())
        return;
    const std::string& account = turn.account->config.name;
    const auto wall = core::wall_now();
    for (const auto& window : accounts::read_quota(turn.relay.rate_limits(), wall, now)) {
        turn.account->standing->quota().report(window.name, window.used_percent, window.resets_at);
        const auto resets_at =
            wall + std::chrono::duration_cast<std::chrono::microseconds>(window.resets_at - now);
        turn.rooms.bulletin.publish_quota(
            account, window.name, {static_cast<unsigned>(window.used_percent), resets_at});
    }
}

} // namespace turngate::gateway
