#include "candidates.hpp"

#include "choose.hpp"
#include "resolve.hpp"
#include "turn_price.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

using accounts::Account;
using accounts::Fitness;
using core::Fault;
using core::FaultCode;
using AccountRef = std::shared_ptr<const Account>;
using How = Route::How;

// The chain may know too little for one account, and enough for another.
bool has_context(const Turn& turn, const Route& route, const Account& account)
{
    if (route.how != How::rebuilt || turn.create.has_compaction)
        return true;
    const conversation::Chain* chain = chain_of(turn);
    return chain && chain->is_complete(turn.context.parent_id, account.config.name);
}

// What costs nobody knows how much cannot be held against a budget.
bool has_price(const Turn& turn, const Account& account)
{
    return turn.create.model.empty() ||
           may_use(*turn.principal,
                   price_of(*turn.snapshot, model_at(turn, account), turn.create.model));
}

// Over HTTP, where no connection knows a parent.
bool can_answer(const Turn& turn, const Route& route, const Account& account)
{
    const bool knows =
        turn.create.endpoint != protocol::Endpoint::compact || account.config.compaction;
    return !turn.is_aside() || (knows && account.speaks_http() && route.how != How::here);
}

accounts::Choice draw(const Turn& turn, const Routes& routes, core::Deadline now)
{
    accounts::Request request;
    request.group = turn.principal->group;
    request.model = turn.create.model;
    request.sticky = turn.lane.account;
    request.failed = routes.failed();
    request.seed = turn.session.key.prefix();
    return accounts::order(turn.snapshot->accounts, turn.snapshot->config->scheduler, request, now);
}

} // namespace

Fitness fitness(const Turn& turn, const Account& account, core::Deadline now)
{
    return accounts::fitness(account, turn.principal->group, turn.create.model, now);
}

std::string model_at(const Turn& turn, const Account& account)
{
    return std::string(account.upstream_model(turn.create.model).value_or(""));
}

bool can_take(const Turn& turn, const Route& route, const Account& account)
{
    const bool understands = account.config.compaction || !turn.create.has_compaction_trigger;
    return understands && can_answer(turn, route, account) && has_context(turn, route, account) &&
           has_price(turn, account);
}

const Candidate* Candidates::at(std::size_t place)
{
    while (given_.size() <= place && step()) {
    }
    return place < given_.size() ? &given_[place] : nullptr;
}

std::optional<accounts::Permit> Candidates::pass(const Candidate& candidate) const
{
    const std::string model = model_at(turn_, *candidate.account);
    if (is_last_resort(candidate))
        return candidate.account->standing->pass_anyway(model, now_);
    return candidate.account->standing->pass(model, now_);
}

std::string Candidates::explain(const Candidate& candidate) const
{
    const bool is_drawn = candidate.route.account.empty() && choice_;
    const std::string why = is_drawn ? choice_->explain(candidate.account.get())
                                     : candidate.account->config.name + " has the conversation";
    if (candidate.route.how == How::fresh)
        return why;
    return std::string(name_of(candidate.route.how)) + ", " + why;
}

Fault Candidates::fault(std::optional<std::chrono::seconds>& retry_after) const
{
    auto retry_at = retry_at_;
    if (choice_ && choice_->retry_at)
        retry_at = std::min(*choice_->retry_at, retry_at.value_or(*choice_->retry_at));
    if (retry_at)
        retry_after = std::chrono::ceil<std::chrono::seconds>(*retry_at - now_);
    const bool is_tied = std::ranges::none_of(routes_.all(), [&](const Route& route) {
        return route.how == How::fresh || is_context_whole(turn_, route.account);
    });
    if (!is_tied && retry_at)
        return {FaultCode::rate_limited, {}, "choose"};
    if (!is_tied)
        return {choice_ ? choice_->fault() : FaultCode::no_account, {}, "choose"};
    // Its context is with accounts that cannot go on with it: whoever sends all of it again can
    // be served by others, if there are any.
    if (!has_other_account(turn_, {}) && (retry_at || is_refused_))
        return {retry_at ? FaultCode::rate_limited : FaultCode::no_account, {}, "choose"};
    return {FaultCode::parent_not_found, {}, "choose"};
}

// False: all has been looked at.
bool Candidates::step()
{
    if (route_ == routes_.all().size()) {
        if (!given_.empty() || !open_)
            return false;
        given_.push_back(*std::exchange(open_, std::nullopt));
        return true;
    }
    const Route& route = routes_.all()[route_];
    if (!route.account.empty()) {
        ++route_;
        add_pinned(route);
        return true;
    }
    if (!choice_)
        choice_ = draw(turn_, routes_, now_);
    if (const auto* drawn = choice_->order.at(drawn_++))
        add_drawn(route, drawn->account);
    else
        ++route_;
    return true;
}

void Candidates::add_pinned(const Route& route)
{
    const AccountRef account = turn_.snapshot->accounts.find(route.account);
    if (!account || !can_take(turn_, route, *account))
        return;
    const Fitness fit = fitness(turn_, *account, now_);
    if (fit == Fitness::fits)
        given_.push_back({route, account});
    else if (fit == Fitness::breaker_open && !open_)
        open_ = Candidate{route, account};
    else if (fit == Fitness::refused)
        is_refused_ = true; // which its next probe may change
    else if (const auto at = retry_at(*account); at && fit == Fitness::cooling)
        retry_at_ = std::min(*at, retry_at_.value_or(*at));
}

void Candidates::add_drawn(const Route& route, const AccountRef& account)
{
    const bool is_listed = std::ranges::any_of(given_, [&](const Candidate& one) {
        return !one.route.account.empty() && one.route.how == route.how && one.account == account;
    });
    if (!is_listed && can_take(turn_, route, *account))
        given_.push_back({route, account});
}

std::optional<core::Deadline> Candidates::retry_at(const Account& account) const
{
    return account.standing->retry_at(model_at(turn_, account), now_);
}

bool Candidates::is_last_resort(const Candidate& candidate) const
{
    if (candidate.route.account.empty())
        return choice_ && choice_->is_last_resort;
    return fitness(turn_, *candidate.account, now_) != Fitness::fits;
}

} // namespace turngate::gateway
