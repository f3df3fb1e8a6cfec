#include "choice.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <iterator>

namespace turngate::gateway {
namespace {

using core::Clock;
using core::Fault;
using core::FaultCode;
using core::Result;
using telemetry::log_debug;

bool is_usable(const accounts::Account& account, core::Deadline now)
{
    return !account.life->is_shut_out && !account.life->is_cooling(now);
}

bool has_failed(const Turn& turn, const accounts::Account& account)
{
    const auto& failed = turn.failed_accounts;
    return std::find(failed.begin(), failed.end(), account.config.name) != failed.end();
}

using Candidates = std::vector<std::shared_ptr<const accounts::Account>>;

// Before those that failed this turn, others; but a failed one is better than none.
void put_failed_last(const Turn& turn, Candidates& accounts)
{
    Candidates ordered;
    for (const bool failed : {false, true})
        std::copy_if(accounts.begin(),
                     accounts.end(),
                     std::back_inserter(ordered),
                     [&](const auto& account) { return has_failed(turn, *account) == failed; });
    accounts = std::move(ordered);
}

// The accounts this turn may use, best first; the parent's alone if it has one.
Result<Candidates> candidates(Turn& turn, const Route& route)
{
    auto found = turn.snapshot->accounts.candidates(turn.principal->group, turn.create.model);
    if (found.empty()) {
        const bool is_served = turn.snapshot->accounts.serves_group(turn.principal->group);
        return Fault{is_served ? FaultCode::model_not_found : FaultCode::no_account, {}, "choose"};
    }
    std::erase_if(found, [&](const auto& account) {
        return !route.account.empty() && account->config.name != route.account;
    });
    put_failed_last(turn, found);
    const auto preferred = std::find_if(found.begin(), found.end(), [&](const auto& account) {
        return account->config.name == route.prefers;
    });
    if (preferred != found.end() && !has_failed(turn, **preferred))
        std::rotate(found.begin(), preferred, preferred + 1);
    const auto now = Clock::now();
    const auto cooling = std::find_if(
        found.begin(), found.end(), [&](const auto& a) { return a->life->is_cooling(now); });
    if (cooling != found.end())
        turn.retry_after =
            std::chrono::ceil<std::chrono::seconds>((*cooling)->life->cooled_at() - now);
    const bool is_any_cooling = cooling != found.end();
    std::erase_if(found, [&](const auto& account) { return !is_usable(*account, now); });
    if (found.empty())
        return Fault{
            is_any_cooling ? FaultCode::rate_limited : FaultCode::no_account, {}, "choose"};
    return found;
}

// The price is known before the turn, or the turn is not (behaviour.md section 7).
Result<> find_price(Turn& turn)
{
    turn.upstream_model = std::string(turn.account->upstream_model(turn.create.model).value_or(""));
    const usage::PriceTable& prices = *turn.snapshot->prices;
    turn.price = prices.find(turn.upstream_model, "reject");
    if (!turn.price)
        turn.price = prices.find(turn.create.model, turn.snapshot->config->pricing.unknown_model);
    if (!turn.price && !turn.create.model.empty())
        return Fault{FaultCode::model_not_found, {}, "price"};
    return {};
}

} // namespace

bool has_other_account(const Turn& turn)
{
    const auto now = Clock::now();
    const auto found = turn.snapshot->accounts.candidates(turn.principal->group, turn.create.model);
    return std::any_of(found.begin(), found.end(), [&](const auto& account) {
        return account != turn.account && is_usable(*account, now) && !has_failed(turn, *account);
    });
}

net::Task<Result<state::Slot>> choose(Turn& turn, const Route& route)
{
    auto found = candidates(turn, route);
    if (!found)
        co_return found.error();
    turn.account = found->front();
    state::Slot slot;
    bool has_slot = false;
    for (const auto& account : *found) {
        if (account->slots->try_acquire()) {
            slot = state::Slot(account->slots);
            turn.account = account;
            has_slot = true;
            break;
        }
    }
    const auto priced = find_price(turn);
    if (!priced)
        co_return priced.error();
    if (!has_slot) {
        log_debug("turn waits for an account",
                  {{"turn", turn.id}, {"account", turn.account->config.name}});
        const auto deadline = Clock::now() + (route.account.empty() ? kSlotWait : kPinnedWait);
        auto waited = co_await turn.account->slots->acquire(turn.rooms.loop, deadline, turn.stop);
        if (!waited)
            co_return waited.error();
        slot = std::move(*waited);
    }
    turn.slot_at = Clock::now();
    co_return slot;
}

} // namespace turngate::gateway
