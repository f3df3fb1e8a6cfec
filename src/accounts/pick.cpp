#include "turngate/accounts/pick.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

namespace turngate::accounts {
namespace {

using Places = std::vector<std::uint32_t>;

std::uint64_t chance(std::uint64_t seed, const Lot& lot) noexcept
{
    return mix(seed ^ mix(lot.salt));
}

// To sort by log(weight) plus this, largest first, is to draw one after the other by weight,
// without putting back (the Gumbel trick). Since each lot has its own number, a lot more or less
// changes nothing about the order of the others.
double luck(std::uint64_t seed, const Lot& lot)
{
    const double uniform = (static_cast<double>(chance(seed, lot) >> 11) + 0.5) * 0x1p-53;
    return -std::log(-std::log(uniform));
}

void sort_by(std::span<std::uint32_t> places, const std::vector<double>& keys)
{
    std::sort(places.begin(), places.end(), [&](auto a, auto b) {
        return keys[a] != keys[b] ? keys[a] > keys[b] : a < b;
    });
}

// Equal scores are in an order of chance, or the first of the file would be all that is ever drawn.
void sort_by_score(Places& places, std::span<const Lot> lots, std::uint64_t seed)
{
    std::sort(places.begin(), places.end(), [&](auto a, auto b) {
        if (lots[a].score != lots[b].score)
            return lots[a].score > lots[b].score;
        const auto chance_a = chance(seed, lots[a]);
        const auto chance_b = chance(seed, lots[b]);
        return chance_a != chance_b ? chance_a > chance_b : a < b;
    });
}

// Draws among the best k by weight score − min + 1; the rest follow by score.
Places weighted_top_k(Places places, std::span<const Lot> lots, unsigned top_k, std::uint64_t seed)
{
    // Another stream than the draw's, which must not know who came into the best k.
    sort_by_score(places, lots, mix(seed));
    const auto best = std::span(places).first(std::min<std::size_t>(top_k, places.size()));
    if (best.empty())
        return places;
    const double least = lots[best.back()].score;
    std::vector<double> keys(lots.size());
    for (const auto place : best)
        keys[place] = std::log(lots[place].score - least + 1) + luck(seed, lots[place]);
    sort_by(best, keys);
    return places;
}

Places softmax(Places places, std::span<const Lot> lots, double temperature, std::uint64_t seed)
{
    std::vector<double> keys(lots.size());
    for (const auto place : places)
        keys[place] = lots[place].score / temperature + luck(seed, lots[place]);
    sort_by(places, keys);
    return places;
}

// Of two drawn from those that are left, the better; and so on.
Places p2c(Places left, std::span<const Lot> lots, std::uint64_t seed)
{
    const auto draw = [&](std::size_t n) {
        seed = mix(seed);
        return static_cast<std::size_t>((static_cast<unsigned __int128>(seed) * n) >> 64);
    };
    Places order;
    order.reserve(left.size());
    while (left.size() > 1) {
        const auto one = draw(left.size());
        auto other = draw(left.size() - 1);
        other += other >= one ? 1 : 0;
        const auto better = lots[left[other]].score > lots[left[one]].score ? other : one;
        order.push_back(left[better]);
        std::swap(left[better], left.back());
        left.pop_back();
    }
    order.insert(order.end(), left.begin(), left.end());
    return order;
}

} // namespace

std::uint64_t mix(std::uint64_t x) noexcept
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

Places pick(std::span<const Lot> lots, const config::Scheduler& scheduler, std::uint64_t seed)
{
    Places places(lots.size());
    std::iota(places.begin(), places.end(), 0U);
    switch (scheduler.pick) {
    case config::Pick::weighted_top_k:
        return weighted_top_k(std::move(places), lots, scheduler.top_k, seed);
    case config::Pick::p2c:
        return p2c(std::move(places), lots, seed);
    case config::Pick::softmax:
        return softmax(std::move(places), lots, scheduler.temperature, seed);
    }
    return places;
}

} // namespace turngate::accounts
