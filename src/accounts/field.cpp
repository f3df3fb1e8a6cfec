#include "field.hpp"

#include <algorithm>

namespace turngate::accounts {

Field::Field(const AccountSet::Accounts& accounts, std::string model)
    : accounts_(accounts), model_(std::move(model))
{
    for (std::uint32_t place = 0; place < accounts_.size(); ++place)
        places_.emplace(accounts_[place].get(), place);
}

std::optional<std::uint32_t> Field::find(const Ranking& ranking, const Account& account) const
{
    const auto found = places_.find(&account);
    if (found == places_.end() || ranking.rank_of[found->second] == 0)
        return std::nullopt;
    return ranking.rank_of[found->second] - 1;
}

// Of one in the field: it is in the group and has the model.
Fitness Field::fitness_of(const Account& account, std::string_view model, core::Deadline now) const
{
    return account.standing->fitness(account.upstream_model(model).value_or(""), now);
}

std::shared_ptr<const Ranking> Field::ranking(const config::Weights& weights,
                                              core::Deadline now) const
{
    if (accounts_.size() <= kFew)
        return rank(weights, now);
    {
        const std::lock_guard lock(mutex_);
        const bool is_stale =
            !kept_ || now - kept_->at >= kKept || (kept_->changes_at && now >= *kept_->changes_at);
        if (kept_ && (!is_stale || is_ranking_))
            return kept_;
        is_ranking_ = true;
    }
    auto fresh = rank(weights, now);
    const std::lock_guard lock(mutex_);
    is_ranking_ = false;
    return kept_ = std::move(fresh);
}

CandidateFacts Field::look_at(const Account& account, core::Deadline now) const
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
    facts.ttft_ms = health.first_tokens.average(account.upstream_model(model_).value_or(""));
    facts.quota_used_percent = account.standing->quota().used_percent(now);
    return facts;
}

void Field::judge(Ranking& ranking, std::vector<std::uint32_t>& fit, core::Deadline now) const
{
    const auto sooner = [](std::optional<core::Deadline>& first, core::Deadline at) {
        first = std::min(at, first.value_or(at));
    };
    std::optional<std::uint32_t> last_resort;
    const auto opened_at = [&](std::uint32_t place) {
        return accounts_[place]->standing->breaker().opened_at();
    };
    for (std::uint32_t place = 0; place < accounts_.size(); ++place) {
        const Account& account = *accounts_[place];
        const auto model = account.upstream_model(model_).value_or("");
        const auto fitness = account.standing->fitness(model, now);
        ++ranking.counts[static_cast<std::size_t>(fitness)];
        if (fitness == Fitness::fits) {
            fit.push_back(place);
            continue;
        }
        if (ranking.out.size() < kNamed)
            ranking.out.push_back(place);
        if (fitness == Fitness::breaker_open &&
            (!last_resort || opened_at(place) < opened_at(*last_resort)))
            last_resort = place;
        if (const auto at = account.standing->retry_at(model, now)) {
            sooner(ranking.changes_at, *at);
            if (fitness == Fitness::cooling)
                sooner(ranking.cools_until, *at);
        }
    }
    ranking.is_last_resort = fit.empty() && last_resort;
    if (ranking.is_last_resort)
        fit.push_back(*last_resort);
}

std::shared_ptr<const Ranking> Field::rank(const config::Weights& weights, core::Deadline now) const
{
    const auto ranking = std::make_shared<Ranking>();
    ranking->at = now;
    std::vector<std::uint32_t> fit;
    fit.reserve(accounts_.size());
    judge(*ranking, fit, now);

    std::vector<CandidateFacts> facts;
    facts.reserve(fit.size());
    for (const auto place : fit)
        facts.push_back(look_at(*accounts_[place], now));
    const auto scores = score(facts, weights);
    ranking->entries.reserve(fit.size());
    for (std::size_t i = 0; i < fit.size(); ++i)
        ranking->entries.push_back({fit[i], scores[i]});
    ranking->is_sorted = fit.size() > kFew;
    if (ranking->is_sorted)
        std::ranges::sort(ranking->entries, [&](const auto& a, const auto& b) {
            if (a.score.total != b.score.total)
                return a.score.total > b.score.total;
            return accounts_[a.place]->salt < accounts_[b.place]->salt;
        });
    ranking->rank_of.resize(accounts_.size());
    for (std::uint32_t rank = 0; rank < ranking->entries.size(); ++rank)
        ranking->rank_of[ranking->entries[rank].place] = rank + 1;
    return ranking;
}

} // namespace turngate::accounts
