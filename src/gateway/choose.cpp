#include "choose.hpp"

#include "candidates.hpp"
#include "turn_price.hpp"
#include "warm_up.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

using accounts::Account;
using accounts::Fitness;
using core::Clock;
using core::Fault;
using core::Result;
using AccountRef = std::shared_ptr<const Account>;

constexpr std::size_t kMostQueues = 32; // that a turn waits in: each is a question to the state

// A connection can be had: there is room for one, or one that is idle.
bool has_room(const Account& account)
{
    return account.life->connections < account.config.max_connections || account.life->parked > 0;
}

// The first that has a slot now, and whose standing lets the turn pass.
net::Task<std::optional<Place>> take_free(Turn& turn, Candidates& candidates)
{
    for (std::size_t i = 0; const Candidate* candidate = candidates.at(i); ++i) {
        const AccountRef& account = candidate->account;
        if (is_answered_here(turn, *account))
            co_return Place{candidate->route, account, {}, {}};
        if (!has_room(*account))
            continue;
        auto slot = co_await account->slots->try_acquire(turn.rooms.loop);
        if (!slot)
            continue;
        auto permit = candidates.pass(*candidate);
        if (permit)
            co_return Place{candidate->route, account, std::move(*slot), std::move(*permit)};
    }
    co_return std::nullopt;
}

// A place in the queue of each. Nothing: what has become free is not fit to be used any more.
net::Task<Result<std::optional<Place>>> wait_for_any(Turn& turn,
                                                     Candidates& candidates,
                                                     core::Deadline began)
{
    std::vector<std::shared_ptr<state::Slots>> queues;
    while (const Candidate* candidate =
               queues.size() < kMostQueues ? candidates.at(queues.size()) : nullptr)
        queues.push_back(candidate->account->slots);
    telemetry::log_debug("turn waits for an account",
                         {{"turn", turn.id},
                          {"account", candidates.at(0)->account->config.name},
                          {"accounts", queues.size()}});
    const auto until = began + (queues.size() == 1 ? kOnlyPlaceWait : kPlaceWait);
    auto granted = co_await state::acquire_any(
        std::move(queues), turn.principal->tenant, turn.rooms.loop, until, turn.stop);
    if (!granted)
        co_return granted.error();
    const auto now = Clock::now();
    const auto& [route, account] = *candidates.at(granted->which);
    const Fitness fit = fitness(turn, *account, now);
    if (fit != Fitness::fits && fit != Fitness::breaker_open)
        co_return std::nullopt;
    // Who has waited is let through, though its breaker has opened meanwhile.
    auto permit = account->standing->pass_anyway(model_at(turn, *account), now);
    co_return Place{route, account, std::move(granted->slot), std::move(permit)};
}

// Where any account will do, those that failed the turn are none.
template <class IsFit>
bool leads_to(const Turn& turn, const Routes& routes, const IsFit& is_fit)
{
    const auto now = Clock::now();
    const auto serves = [&](const Route& route, const Account& account) {
        return is_fit(fitness(turn, account, now)) && can_take(turn, route, account);
    };
    return std::ranges::any_of(routes.all(), [&](const Route& route) {
        if (!route.account.empty()) {
            const AccountRef account = turn.snapshot->accounts.find(route.account);
            return account && serves(route, *account);
        }
        const auto& all =
            turn.snapshot->accounts.candidates(turn.principal->group, turn.create.model);
        return std::ranges::any_of(all, [&](const AccountRef& account) {
            return !routes.has_failed(account->config.name) && serves(route, *account);
        });
    });
}

} // namespace

bool has_place_now(const Turn& turn, const Routes& routes)
{
    return leads_to(turn, routes, [](Fitness fit) { return fit == Fitness::fits; });
}

bool has_place(const Turn& turn, const Routes& routes)
{
    return leads_to(turn, routes, [](Fitness fit) {
        return fit == Fitness::fits || fit == Fitness::cooling || fit == Fitness::breaker_open ||
               fit == Fitness::refused;
    });
}

bool has_other_account(const Turn& turn, std::string_view than)
{
    const auto now = Clock::now();
    const auto& all = turn.snapshot->accounts.candidates(turn.principal->group, turn.create.model);
    return std::ranges::any_of(all, [&](const AccountRef& account) {
        return account->config.name != than && fitness(turn, *account, now) == Fitness::fits;
    });
}

net::Task<Result<Place>> choose(Turn& turn, const Routes& routes)
{
    const auto began = Clock::now();
    for (;;) {
        Candidates candidates(turn, routes, Clock::now());
        if (!candidates.at(0)) {
            const Fault none = candidates.fault(turn.retry_after);
            telemetry::log_debug("no account",
                                 {{"turn", turn.id}, {"fault", core::name_of(none.code)}});
            co_return none;
        }
        auto place = co_await take_free(turn, candidates);
        if (!place) {
            auto waited = co_await wait_for_any(turn, candidates, began);
            if (!waited)
                co_return waited.error();
            place = std::move(*waited);
        }
        if (!place)
            continue;
        place->model = model_at(turn, *place->account);
        place->price = price_of(*turn.snapshot, place->model, turn.create.model).price;
        place->why = candidates.explain({place->route, place->account});
        place->at = Clock::now();
        telemetry::log_debug("account chosen", {{"turn", turn.id}, {"why", place->why}});
        co_return std::move(*place);
    }
}

} // namespace turngate::gateway
