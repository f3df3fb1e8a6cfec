#include "admission.hpp"

#include "budget.hpp"
#include "choose.hpp"
#include "turn_price.hpp"

namespace turngate::gateway {
namespace {

using core::Clock;
using core::Fault;
using core::FaultCode;
using core::Result;

// Its group's clients may come the way it came.
bool may_speak(const access::Principal& principal, const SessionFacts& session)
{
    return session.request_type == usage::RequestType::ws_v2 ? principal.mode != config::Mode::off
                                                             : principal.http;
}

// Its key is none any more, or somebody else's.
bool is_stranger(const Turn& turn)
{
    const access::Principal* principal = turn.principal.get();
    return !principal || turn.rooms.revoked.contains(turn.session.secret) ||
           principal->tenant != turn.session.tenant || !may_speak(*principal, turn.session);
}

// As the vendor writes it: 20ms, 7s, 1m30s.
std::string text_of(std::chrono::milliseconds time)
{
    using std::chrono::seconds;
    if (time < seconds(1))
        return std::to_string(time.count()) + "ms";
    const auto whole = std::chrono::ceil<seconds>(time).count();
    return (whole >= 60 ? std::to_string(whole / 60) + "m" : "") + std::to_string(whole % 60) + "s";
}

// Of the key, not of the account that will answer (http.md section 8.2).
void tell_rates(Turn& turn, const state::RateVerdict& verdict)
{
    const auto tell = [&](const std::string& what, std::uint64_t limit, state::RateLeft left) {
        if (limit == 0)
            return;
        turn.client->set_header("x-ratelimit-limit-" + what, std::to_string(limit));
        turn.client->set_header("x-ratelimit-remaining-" + what, std::to_string(left.amount));
        turn.client->set_header("x-ratelimit-reset-" + what, text_of(left.full_in));
    };
    tell("requests", turn.principal->rates.rpm, verdict.requests);
    tell("tokens", turn.principal->rates.tpm, verdict.tokens);
}

// Requests and tokens per minute of the key: its input by size, the rest when it is known.
net::Task<Result<>> take_rate(Turn& turn)
{
    if (!turn.principal->is_rated())
        co_return Result<>();
    turn.claims.rated_tokens = tokens_in(turn.frame.size(), turn.create.size);
    const auto verdict = co_await turn.rooms.rates.take(
        turn.principal->key, turn.principal->rates, turn.claims.rated_tokens);
    tell_rates(turn, verdict);
    if (verdict.fits)
        co_return Result<>();
    turn.claims.rated_tokens = 0;
    turn.retry_after = verdict.retry_after;
    co_return Fault{FaultCode::rate_limited, {}, "rate of the key"};
}

} // namespace

net::Task<Result<state::Slot>> admit(Turn& turn)
{
    turn.snapshot = turn.rooms.snapshot;
    turn.principal = turn.snapshot->keys.find(turn.session.secret);
    if (is_stranger(turn))
        co_return Fault{FaultCode::invalid_api_key, {}, "admit"};
    if (turn.rooms.is_draining)
        co_return Fault{FaultCode::gateway_draining, {}, "admit"};
    const bool refuses =
        turn.snapshot->config->usage.journal.on_failure == config::OnJournalFailure::refuse;
    if (refuses && !turn.rooms.journal.is_healthy())
        co_return Fault{FaultCode::accounting_unavailable, {}, "admit"};
    if (is_unknown(*turn.snapshot, *turn.principal, turn.create.model))
        co_return Fault{FaultCode::model_not_found, {}, "admit"};
    if (turn.principal->is_budgeted() && !turn.snapshot->keys.knows_spending())
        co_return Fault{FaultCode::accounting_unavailable, {}, "what was spent is not known"};
    const auto budget = co_await hold_budget(turn);
    if (!budget)
        co_return budget.error();
    const auto rate = co_await take_rate(turn);
    if (!rate)
        co_return rate.error();
    const auto deadline = Clock::now() + kPlaceWait;
    co_return co_await turn.principal->slots->acquire(turn.rooms.loop, deadline, turn.stop);
}

net::Task<> settle_rate(Turn& turn)
{
    const std::int64_t owed = turn.claims.billed_tokens - turn.claims.rated_tokens;
    if (turn.principal && turn.principal->is_rated() && owed != 0)
        co_await turn.rooms.rates.settle(turn.principal->key, turn.principal->rates, owed);
}

} // namespace turngate::gateway
