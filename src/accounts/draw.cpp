#include "draw.hpp"

#include "turngate/accounts/pick.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace turngate::accounts {
namespace {

using Ranks = std::vector<std::uint32_t>;

// One of so many, by chance.
std::uint32_t one_of(std::uint32_t n, std::uint64_t& seed) noexcept
{
    seed = mix(seed);
    return static_cast<std::uint32_t>((static_cast<unsigned __int128>(seed) * n) >> 64);
}

// Adds `count` different ones of [begin, end) (Floyd's way: no list of all of them).
void sample(
    Ranks& ranks, std::uint32_t begin, std::uint32_t end, std::uint32_t count, std::uint64_t seed)
{
    const std::size_t first = ranks.size();
    for (auto last = end - begin - count; last < end - begin; ++last) {
        const auto one = begin + one_of(last + 1, seed);
        const bool is_there =
            std::find(ranks.begin() + static_cast<std::ptrdiff_t>(first), ranks.end(), one) !=
            ranks.end();
        ranks.push_back(is_there ? begin + last : one);
    }
}

// The best by score. Which of several that are equal at its end, is by chance: idle accounts are
// equal.
void add_best(Ranks& ranks, const Ranking& ranking, std::uint32_t count, std::uint64_t seed)
{
    const auto& entries = ranking.entries;
    const double last = entries[count - 1].score.total;
    const auto total = [](const Ranking::Entry& one) { return one.score.total; };
    const auto equal = std::ranges::equal_range(entries, last, std::greater<>{}, total);
    const auto begin = static_cast<std::uint32_t>(equal.begin() - entries.begin());
    const auto end = static_cast<std::uint32_t>(equal.end() - entries.begin());
    for (std::uint32_t rank = 0; rank < begin; ++rank)
        ranks.push_back(rank);
    sample(ranks, begin, end, count - begin, seed);
}

// Some of those that are not among them yet.
void add_others(Ranks& ranks, std::uint32_t n, std::uint32_t count, std::uint64_t seed)
{
    Ranks there = ranks;
    std::ranges::sort(there);
    const std::size_t first = ranks.size();
    sample(ranks, 0, n - static_cast<std::uint32_t>(first), count, seed);
    for (std::size_t i = first; i < ranks.size(); ++i)
        for (const auto taken : there) // by its place among the others
            ranks[i] += ranks[i] >= taken ? 1 : 0;
}

struct ShortList
{
    Ranks ranks;
    std::uint32_t best = 0; // so many are there for their score, the others by chance
};

ShortList short_list(const Ranking& ranking, const config::Scheduler& scheduler, std::uint64_t seed)
{
    const auto n = static_cast<std::uint32_t>(ranking.entries.size());
    const auto size = std::min(n, std::max<std::uint32_t>(Field::kFew, scheduler.top_k));
    ShortList list;
    if (size == n) {
        list.ranks.resize(n);
        std::iota(list.ranks.begin(), list.ranks.end(), 0U);
        list.best = n;
        return list;
    }
    switch (scheduler.pick) {
    case config::Pick::weighted_top_k:
        list.best = size;
        break;
    case config::Pick::softmax:
        list.best = size / 2;
        break;
    case config::Pick::p2c:
        break;
    }
    if (list.best > 0)
        add_best(list.ranks, ranking, list.best, mix(~seed));
    add_others(list.ranks, n, size - list.best, mix(seed));
    return list;
}

} // namespace

Draw::Draw(const Field& field,
           const Ranking& ranking,
           const config::Scheduler& scheduler,
           std::uint64_t seed)
    : size_(static_cast<std::uint32_t>(ranking.entries.size()))
{
    const ShortList list = short_list(ranking, scheduler, seed);
    // Each of those by chance stands for many that are not on the list.
    double bonus = 0;
    if (scheduler.pick == config::Pick::softmax && list.best < list.ranks.size())
        bonus = scheduler.temperature *
                std::log(double(size_ - list.best) / double(list.ranks.size() - list.best));
    std::vector<Lot> lots;
    lots.reserve(list.ranks.size());
    for (const auto rank : list.ranks) {
        const auto& entry = ranking.entries[rank];
        const bool is_best = lots.size() < list.best;
        lots.push_back(
            {entry.score.total + (is_best ? 0 : bonus), field.account(entry.place).salt});
    }
    for (const auto place : pick(lots, scheduler, seed))
        drawn_.push_back(list.ranks[place]);
}

std::optional<std::uint32_t> Draw::next()
{
    if (at_ < drawn_.size())
        return drawn_[at_++];
    while (rank_ < size_ && std::ranges::find(drawn_, rank_) != drawn_.end())
        ++rank_;
    return rank_ < size_ ? std::optional(rank_++) : std::nullopt;
}

} // namespace turngate::accounts
