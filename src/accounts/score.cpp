#include "turngate/accounts/score.hpp"

#include <algorithm>
#include <limits>

namespace turngate::accounts {
namespace {

constexpr double kQuotaEases = 90; // percent used: from here on the score goes down
constexpr double kTtftUnknown = 0.5;

// What all candidates are compared with.
struct Extremes
{
    int best_priority = std::numeric_limits<int>::max();
    int worst_priority = std::numeric_limits<int>::min();
    unsigned largest_limit = 1;
    unsigned most_waiting = 0;
    double least_ttft = std::numeric_limits<double>::max();
    double most_ttft = 0;
};

Extremes extremes_of(std::span<const CandidateFacts> candidates)
{
    Extremes all;
    for (const CandidateFacts& one : candidates) {
        all.best_priority = std::min(all.best_priority, one.priority);
        all.worst_priority = std::max(all.worst_priority, one.priority);
        all.largest_limit = std::max(all.largest_limit, one.limit);
        all.most_waiting = std::max(all.most_waiting, one.waiting);
        all.least_ttft = std::min(all.least_ttft, one.ttft_ms.value_or(all.least_ttft));
        all.most_ttft = std::max(all.most_ttft, one.ttft_ms.value_or(all.most_ttft));
    }
    return all;
}

// `part` of `whole`, 0…1; a limit that shrank may be exceeded.
double share(double part, double whole)
{
    return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0;
}

double priority_part(const CandidateFacts& one, const Extremes& all)
{
    return 1 - share(double(one.priority) - all.best_priority,
                     double(all.worst_priority) - all.best_priority);
}

double load_part(const CandidateFacts& one, const Extremes& all)
{
    const double used = share(one.used, std::max(one.limit, 1U));
    const double free = double(one.limit) - std::min(one.used, one.limit);
    const double room = 0.7 * (1 - used) + 0.3 * share(free, all.largest_limit);
    return room * (0.7 + 0.3 * std::clamp(one.trend, 0.0, 1.0));
}

// Its own limit is that of its slots: ten that wait weigh less where a hundred run.
double queue_part(const CandidateFacts& one, const Extremes& all)
{
    return 0.6 * (1 - share(one.waiting, all.most_waiting)) +
           0.4 * (1 - share(one.waiting, std::max(one.limit, 1U)));
}

double ttft_part(const CandidateFacts& one, const Extremes& all)
{
    if (!one.ttft_ms)
        return kTtftUnknown;
    return 1 - share(*one.ttft_ms - all.least_ttft, all.most_ttft - all.least_ttft);
}

double quota_factor(double used_percent)
{
    return 1 - share(used_percent - kQuotaEases, 100 - kQuotaEases);
}

Score score_of(const CandidateFacts& one, const Extremes& all, const config::Weights& weights)
{
    Score score;
    score.priority = priority_part(one, all);
    score.load = load_part(one, all);
    score.queue = queue_part(one, all);
    score.errors = 1 - std::clamp(one.error_rate, 0.0, 1.0);
    score.ttft = ttft_part(one, all);
    score.quota = quota_factor(one.quota_used_percent);
    score.total = score.quota * (weights.priority * score.priority + weights.load * score.load +
                                 weights.queue * score.queue + weights.error_rate * score.errors +
                                 weights.ttft * score.ttft);
    return score;
}

} // namespace

std::vector<Score> score(std::span<const CandidateFacts> candidates, const config::Weights& weights)
{
    const Extremes all = extremes_of(candidates);
    std::vector<Score> scores;
    scores.reserve(candidates.size());
    for (const CandidateFacts& one : candidates)
        scores.push_back(score_of(one, all, weights));
    return scores;
}

} // namespace turngate::accounts
