#include "turngate/accounts/scheduler.hpp"

#include "order.hpp"

#include <algorithm>
#include <utility>

namespace turngate::accounts {
namespace {

constexpr unsigned kEnoughSamples = 5; // before an error rate is believed

using Source = Order::Source;

// Behaviour.md section 4: when a session's account is let go.
Fitness stickiness(const Account& account, const Request& request, double max_error_rate)
{
    const ErrorRate& errors = account.life->health.errors;
    if (std::ranges::find(request.failed, account.config.name) != request.failed.end())
        return Fitness::has_failed;
    if (errors.samples() >= kEnoughSamples && errors.value() > max_error_rate)
        return Fitness::failing;
    return Fitness::fits;
}

// Puts the session's account first, unless it is to be let go.
void stick(Choice& choice,
           Source& source,
           const AccountSet& accounts,
           const Request& request,
           core::Deadline now)
{
    const auto own = accounts.find(request.sticky);
    choice.released = own ? fitness(*own, request.group, request.model, now) : Fitness::other_group;
    if (choice.released != Fitness::fits || choice.is_last_resort)
        return;
    const auto rank = source.field->find(*source.ranking, *own);
    if (!rank) // it fits since a moment ago
        return;
    choice.released = stickiness(*own, request, source.scheduler.sticky_max_error_rate);
    if (choice.released == Fitness::fits) {
        source.first.push_back(*rank);
        choice.layer = Layer::sticky;
    } else if (choice.released ==
               Fitness::failing) { // or the session's own seed would draw it again
        source.last.push_back(*rank);
    }
}

// A failed one is better than none; of several, the one that failed first comes first.
void put_failed_last(Source& source, const AccountSet& accounts, const Request& request)
{
    for (const std::string& name : request.failed) {
        const auto account = accounts.find(name);
        const auto rank = account ? source.field->find(*source.ranking, *account) : std::nullopt;
        if (rank && std::ranges::find(source.first, *rank) == source.first.end()) {
            std::erase(source.last, *rank);
            source.last.push_back(*rank);
        }
    }
}

std::string left_out_of(const Field& field, const Ranking& ranking, const Request& request)
{
    std::string text;
    for (const auto place : ranking.out) {
        const Account& account = field.account(place);
        text.append(text.empty() ? "" : ", ").append(account.config.name).append(" ");
        text.append(name(field.fitness_of(account, request.model, ranking.at)));
    }
    const auto out = field.size() - ranking.counts[0];
    if (out > ranking.out.size())
        text += ", " + std::to_string(out - ranking.out.size()) + " more";
    return text;
}

// By the given ranking of those that have the model.
Choice choose(const AccountSet& accounts,
              const Request& request,
              std::unique_ptr<Source> source,
              core::Deadline now)
{
    Choice choice;
    const Ranking& ranking = *source->ranking;
    choice.model = source->model;
    choice.is_last_resort = ranking.is_last_resort;
    choice.counts = ranking.counts;
    choice.retry_at = ranking.cools_until;
    choice.left_out = left_out_of(*source->field, ranking, request);
    if (!request.sticky.empty())
        stick(choice, *source, accounts, request, now);
    put_failed_last(*source, accounts, request);
    choice.order = Order(std::move(source));
    return choice;
}

std::unique_ptr<Source> source_of(const config::Scheduler& scheduler,
                                  const Request& request,
                                  core::Deadline now)
{
    auto source = std::make_unique<Source>();
    source->model = std::string(request.model);
    source->scheduler = scheduler;
    source->seed = request.seed;
    source->now = now;
    return source;
}

// None of so many has the model.
Choice nobody(std::size_t how_many)
{
    Choice choice;
    choice.counts[static_cast<std::size_t>(Fitness::no_model)] = static_cast<unsigned>(how_many);
    return choice;
}

} // namespace

std::optional<Permit> Choice::pass(const Account& account, core::Deadline now) const
{
    Standing& standing = *account.standing;
    const auto name = account.upstream_model(model).value_or("");
    auto permit = standing.pass(name, now);
    if (!permit && is_last_resort && standing.fitness(name, now) == Fitness::breaker_open)
        permit = standing.pass_anyway(name, now);
    return permit;
}

core::FaultCode Choice::fault() const noexcept
{
    const auto count = [&](Fitness fitness) { return counts[static_cast<std::size_t>(fitness)]; };
    if (count(Fitness::cooling) > 0)
        return core::FaultCode::rate_limited;
    const bool is_known = count(Fitness::fits) + count(Fitness::disabled) +
                              count(Fitness::refused) + count(Fitness::breaker_open) >
                          0;
    return is_known || count(Fitness::no_model) == 0 ? core::FaultCode::no_account
                                                     : core::FaultCode::model_not_found;
}

Choice order(const AccountSet& accounts,
             const config::Scheduler& scheduler,
             const Request& request,
             core::Deadline now)
{
    const Field* field = accounts.field(request.group, request.model);
    const auto in_group = accounts.count_in(request.group);
    if (!field)
        return nobody(in_group);
    const auto by = [&](std::shared_ptr<const Ranking> ranking) {
        auto source = source_of(scheduler, request, now);
        source->field = field;
        source->ranking = std::move(ranking);
        Choice choice = choose(accounts, request, std::move(source), now);
        choice.counts[static_cast<std::size_t>(Fitness::no_model)] =
            static_cast<unsigned>(in_group - field->size());
        return choice;
    };
    auto choice = by(field->ranking(scheduler.weights, now));
    if (choice.order.empty() && choice.order.size() > 0) // what was kept is not true any more
        choice = by(field->rank(scheduler.weights, now));
    return choice;
}

} // namespace turngate::accounts
