#include "choice.hpp"

#include "turn_price.hpp"

#include "turngate/accounts/scheduler.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

using core::Clock;
using core::Fault;
using core::FaultCode;
using core::Result;
using telemetry::log_debug;

accounts::Request request_of(const Turn& turn, const Route& route)
{
    accounts::Request request;
    request.group = turn.principal->group;
    request.model = turn.create.model;
    request.pinned = route.account;
    request.sticky = route.prefers;
    request.failed = turn.failed_accounts;
    request.seed = turn.session.key.prefix();
    return request;
}

// A connection can be had: there is room for one, or one that is idle.
bool has_room(const accounts::Account& account)
{
    return account.life->connections < account.config.max_connections || account.life->parked > 0;
}

// The price is known before the turn, or the turn is not (behaviour.md section 7).
Result<> find_price(Turn& turn)
{
    turn.upstream_model = std::string(turn.account->upstream_model(turn.create.model).value_or(""));
    const auto found = price_of(*turn.snapshot, turn.upstream_model, turn.create.model);
    turn.price = found.price;
    if (!turn.create.model.empty() && !may_use(*turn.principal, found))
        return Fault{FaultCode::model_not_found, {}, "price"};
    return {};
}

// The first in the order that has a slot now, and whose breaker lets the turn pass.
net::Task<std::optional<state::Slot>> take_free_slot(Turn& turn, const accounts::Choice& choice)
{
    for (const auto& candidate : choice.order) {
        const auto& account = candidate.account;
        if (!has_room(*account))
            continue;
        auto slot = co_await account->slots->try_acquire(turn.rooms.loop);
        if (!slot)
            continue;
        auto permit = choice.pass(*account, Clock::now());
        if (!permit)
            continue;
        turn.account = account;
        turn.permit = std::move(permit);
        co_return std::move(*slot);
    }
    co_return std::nullopt;
}

// A place in the queue of the best.
net::Task<Result<state::Slot>> wait_for_slot(Turn& turn,
                                             const Route& route,
                                             const accounts::Choice& choice)
{
    turn.account = choice.order.front().account;
    log_debug("turn waits for an account",
              {{"turn", turn.id}, {"account", turn.account->config.name}});
    const auto deadline = Clock::now() + (route.account.empty() ? kSlotWait : kPinnedWait);
    auto slot = co_await turn.account->slots->acquire(turn.rooms.loop, deadline, turn.stop);
    if (!slot)
        co_return slot.error();
    turn.permit = choice.pass(*turn.account, Clock::now());
    if (!turn.permit) // it opened meanwhile; who has waited is let through
        turn.permit = turn.account->life->breaker.pass_anyway(Clock::now());
    co_return std::move(*slot);
}

} // namespace

bool has_other_account(const Turn& turn)
{
    const auto now = Clock::now();
    const auto& all = turn.snapshot->accounts.all();
    return std::any_of(all.begin(), all.end(), [&](const auto& account) {
        const auto& failed = turn.failed_accounts;
        const bool has_failed =
            std::find(failed.begin(), failed.end(), account->config.name) != failed.end();
        return account != turn.account && !has_failed &&
               accounts::standing(*account, turn.principal->group, turn.create.model, now) ==
                   accounts::Standing::fits;
    });
}

net::Task<Result<state::Slot>> choose(Turn& turn, const Route& route)
{
    const auto now = Clock::now();
    const auto choice = accounts::order(
        turn.snapshot->accounts, turn.snapshot->config->scheduler, request_of(turn, route), now);
    if (choice.order.empty()) {
        if (choice.retry_at)
            turn.retry_after = std::chrono::ceil<std::chrono::seconds>(*choice.retry_at - now);
        log_debug("no account", {{"turn", turn.id}, {"why", choice.explain(nullptr)}});
        co_return Fault{choice.fault(), {}, "choose"};
    }
    turn.account = choice.order.front().account;
    if (const auto priced = find_price(turn); !priced)
        co_return priced.error();
    auto slot = co_await take_free_slot(turn, choice);
    if (!slot) {
        auto waited = co_await wait_for_slot(turn, route, choice);
        if (!waited)
            co_return waited.error();
        slot = std::move(*waited);
    }
    if (const auto priced = find_price(turn); !priced) // its own name for the model
        co_return priced.error();
    turn.routing = choice.explain(turn.account.get());
    log_debug("account chosen", {{"turn", turn.id}, {"why", turn.routing}});
    turn.slot_at = Clock::now();
    co_return std::move(*slot);
}

} // namespace turngate::gateway
