#include "turngate/accounts/scheduler.hpp"

#include "turngate/accounts/pick.hpp"

#include <algorithm>
#include <utility>

namespace turngate::accounts {
namespace {

constexpr unsigned kEnoughSamples = 5; // before an error rate is believed

using AccountRef = const std::shared_ptr<const Account>*; // of the AccountSet: no count to touch

bool has_failed(const Request& request, const Account& account)
{
    return std::ranges::find(request.failed, account.config.name) != request.failed.end();
}

void note(Choice& choice, const Account& account, Standing standing)
{
    ++choice.counts[static_cast<std::size_t>(standing)];
    if (standing == Standing::cooling) {
        const auto at = account.life->cooled_at();
        choice.retry_at = std::min(at, choice.retry_at.value_or(at));
    }
    if (standing > Standing::no_model)
        choice.left_out.push_back({account.config.name, standing});
}

AccountRef opened_longest_ago(std::span<const AccountRef> blocked)
{
    const auto opened_at = [](AccountRef one) { return (*one)->life->breaker.opened_at(); };
    const auto first = std::ranges::min_element(blocked, {}, opened_at);
    return first == blocked.end() ? nullptr : *first;
}

std::vector<AccountRef> filter(const AccountSet& accounts,
                               const Request& request,
                               core::Deadline now,
                               Choice& choice)
{
    std::vector<AccountRef> fit;
    std::vector<AccountRef> blocked;
    fit.reserve(accounts.all().size());
    for (const auto& account : accounts.all()) {
        if (!request.pinned.empty() && account->config.name != request.pinned)
            continue;
        const auto found = standing(*account, request.group, request.model, now);
        note(choice, *account, found);
        if (found == Standing::fits)
            fit.push_back(&account);
        else if (found == Standing::breaker_open)
            blocked.push_back(&account);
    }
    choice.is_last_resort = fit.empty() && !blocked.empty();
    if (choice.is_last_resort)
        fit.push_back(opened_longest_ago(blocked));
    return fit;
}

CandidateFacts look_at(const Account& account, std::string_view model, core::Deadline now)
{
    Health& health = account.life->health;
    CandidateFacts facts;
    facts.priority = account.config.priority;
    facts.limit = std::max(account.config.concurrency, 1U);
    facts.used = account.slots->used();
    facts.waiting = account.slots->waiting();
    health.load.sample(std::min(double(facts.used) / facts.limit, 1.0), now);
    facts.trend = health.load.value();
    facts.error_rate = health.errors.value();
    facts.ttft_ms = health.first_tokens.average(account.upstream_model(model).value_or(""));
    facts.quota_used_percent = health.quota.used_percent(now);
    return facts;
}

std::vector<Candidate> balanced(std::span<const AccountRef> fit,
                                const config::Scheduler& scheduler,
                                const Request& request,
                                core::Deadline now)
{
    std::vector<CandidateFacts> facts;
    facts.reserve(fit.size());
    for (const AccountRef one : fit)
        facts.push_back(look_at(**one, request.model, now));
    const auto scores = score(facts, scheduler.weights);

    std::vector<Lot> lots;
    lots.reserve(fit.size());
    for (std::size_t i = 0; i < fit.size(); ++i)
        lots.push_back({scores[i].total, (*fit[i])->salt});

    std::vector<Candidate> order;
    order.reserve(fit.size());
    for (const auto place : pick(lots, scheduler, request.seed))
        order.push_back({*fit[place], scores[place]});
    return order;
}

// Behaviour.md section 4: when a session's account is let go.
Standing stickiness(const Account& account, const Request& request, double max_error_rate)
{
    const ErrorRate& errors = account.life->health.errors;
    if (has_failed(request, account))
        return Standing::has_failed;
    if (errors.samples() >= kEnoughSamples && errors.value() > max_error_rate)
        return Standing::failing;
    return Standing::fits;
}

Standing why_left_out(const Choice& choice, std::string_view account)
{
    const auto found = std::ranges::find(choice.left_out, account, &LeftOut::account);
    return found == choice.left_out.end() ? Standing::other_group : found->why;
}

// Puts the session's account first, unless it is to be let go.
void stick(Choice& choice, const Request& request, double max_error_rate)
{
    const auto own = std::ranges::find_if(choice.order, [&](const Candidate& one) {
        return one.account->config.name == request.sticky;
    });
    if (own == choice.order.end() || choice.is_last_resort) {
        choice.released = why_left_out(choice, request.sticky);
        return;
    }
    choice.released = stickiness(*own->account, request, max_error_rate);
    if (choice.released == Standing::failing) // or the session's own seed would draw it again
        std::rotate(own, own + 1, choice.order.end());
    if (choice.released != Standing::fits)
        return;
    std::rotate(choice.order.begin(), own, own + 1);
    choice.layer = Layer::sticky;
}

// A failed one is better than none; of several, the one that failed first comes first.
void put_failed_last(std::vector<Candidate>& order, std::span<const std::string> failed)
{
    for (const std::string& account : failed) {
        const auto found = std::ranges::find_if(
            order, [&](const Candidate& one) { return one.account->config.name == account; });
        if (found != order.end())
            std::rotate(found, found + 1, order.end());
    }
}

} // namespace

std::optional<Permit> Choice::pass(const Account& account, core::Deadline now) const noexcept
{
    Breaker& breaker = account.life->breaker;
    if (is_last_resort)
        return breaker.pass_anyway(now);
    return breaker.try_pass(now);
}

core::FaultCode Choice::fault() const noexcept
{
    const auto count = [&](Standing standing) {
        return counts[static_cast<std::size_t>(standing)];
    };
    if (count(Standing::cooling) > 0)
        return core::FaultCode::rate_limited;
    const bool is_known = !left_out.empty() || count(Standing::no_model) == 0;
    return is_known ? core::FaultCode::no_account : core::FaultCode::model_not_found;
}

Choice order(const AccountSet& accounts,
             const config::Scheduler& scheduler,
             const Request& request,
             core::Deadline now)
{
    Choice choice;
    const auto fit = filter(accounts, request, now, choice);
    choice.order = balanced(fit, scheduler, request, now);
    if (!request.pinned.empty())
        choice.layer = Layer::pinned;
    else if (!request.sticky.empty())
        stick(choice, request, scheduler.sticky_max_error_rate);
    put_failed_last(choice.order, request.failed);
    return choice;
}

} // namespace turngate::accounts
