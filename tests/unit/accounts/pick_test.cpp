#include "turngate/accounts/pick.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace turngate::accounts {
namespace {

using config::Pick;
using Places = std::vector<std::uint32_t>;

constexpr Pick kAll[] = {Pick::weighted_top_k, Pick::p2c, Pick::softmax};
constexpr int kDraws = 20'000;

config::Scheduler by(Pick pick, unsigned top_k = 7)
{
    config::Scheduler scheduler;
    scheduler.pick = pick;
    scheduler.top_k = top_k;
    return scheduler;
}

std::vector<Lot> lots_of(const std::vector<double>& scores)
{
    std::vector<Lot> lots;
    for (const double score : scores)
        lots.push_back({score, 1'000 + lots.size()});
    return lots;
}

// How often each lot comes at that place of the order.
std::vector<double> shares(const std::vector<double>& scores,
                           const config::Scheduler& scheduler,
                           std::size_t place = 0)
{
    const auto lots = lots_of(scores);
    std::vector<double> shares(lots.size());
    for (int seed = 0; seed < kDraws; ++seed)
        shares[pick(lots, scheduler, seed)[place]] += 1.0 / kDraws;
    return shares;
}

// Five standard deviations of a share.
double tolerance(double share)
{
    return 5 * std::sqrt(share * (1 - share) / kDraws) + 1e-9;
}

void expect_shares(const std::vector<double>& found, const std::vector<double>& expected)
{
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
        EXPECT_NEAR(found[i], expected[i], tolerance(expected[i])) << i;
}

TEST(Pick, OrdersAllOfThemWhateverTheWay)
{
    for (const Pick way : kAll) {
        for (std::size_t n = 0; n < 30; ++n) {
            std::vector<double> scores(n);
            std::iota(scores.begin(), scores.end(), 0.0);
            auto order = pick(lots_of(scores), by(way), n);
            std::ranges::sort(order);
            Places all(n);
            std::iota(all.begin(), all.end(), 0u);
            EXPECT_EQ(order, all) << n;
        }
    }
}

TEST(Pick, IsTheSameForTheSameSeedAndScores)
{
    const auto lots = lots_of({3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8});
    for (const Pick way : kAll) {
        std::map<Places, int> orders;
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            const auto order = pick(lots, by(way), seed);
            EXPECT_EQ(pick(lots, by(way), seed), order);
            ++orders[order];
        }
        EXPECT_GT(orders.size(), 10u); // and another one for another seed
    }
}

TEST(Pick, DrawsAmongTheBestByWeightAndLetsTheOthersFollowByScore)
{
    const auto scheduler = by(Pick::weighted_top_k, 3);
    const std::vector<double> scores{0.5, 4, 1, 3, 2};
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto order = pick(lots_of(scores), scheduler, seed);
        EXPECT_EQ(order[3], 2u);
        EXPECT_EQ(order[4], 0u);
    }
    // Weights 4 − 2 + 1 = 3, 2 and 1.
    expect_shares(shares(scores, scheduler), {0, 3 / 6.0, 0, 2 / 6.0, 1 / 6.0});
}

// Without putting back: the second is drawn by the weights of those that are left.
TEST(Pick, DrawsTheSecondWithoutTheFirst)
{
    const auto found = shares({2, 1, 0}, by(Pick::weighted_top_k), 1); // weights 3, 2, 1
    const double first = 2 / 6.0 * 3 / 4 + 1 / 6.0 * 3 / 5;
    const double second = 3 / 6.0 * 2 / 3 + 1 / 6.0 * 2 / 5;
    expect_shares(found, {first, second, 1 - first - second});
}

TEST(Pick, SpreadsEqualOnesEvenlyEvenBeyondTheBest)
{
    const std::vector<double> equal(20, 3.75);
    const std::vector<double> even(20, 1 / 20.0);
    for (const Pick way : kAll)
        expect_shares(shares(equal, by(way)), even);
}

TEST(Pick, TakesTheBetterOfTwo)
{
    // Of the six pairs, the best is in three, the second in two others, the third in one more.
    expect_shares(shares({4, 3, 2, 1}, by(Pick::p2c)), {3 / 6.0, 2 / 6.0, 1 / 6.0, 0});
}

TEST(Pick, DrawsByTheExponentOfTheScoreOverTheTemperature)
{
    const double weights[] = {std::exp(0 / 0.3), std::exp(-0.3 / 0.3), std::exp(-0.6 / 0.3)};
    const double sum = weights[0] + weights[1] + weights[2];
    expect_shares(shares({1, 0.7, 0.4}, by(Pick::softmax)),
                  {weights[0] / sum, weights[1] / sum, weights[2] / sum});
    auto cold = by(Pick::softmax);
    cold.temperature = 0.01;
    expect_shares(shares({1, 0.7, 0.4}, cold), {1, 0, 0});
}

TEST(Pick, StandsScoresOfAnySize)
{
    for (const Pick way : kAll) {
        auto scheduler = by(way);
        scheduler.temperature = 0.01;
        EXPECT_EQ(pick(lots_of({5'000, 0, 4'000}), scheduler, 9).size(), 3u);
    }
}

// One that comes or goes leaves the order of the others, and the draw is not by place in the list.
TEST(Pick, KeepsTheOrderOfTheOthersWhenOneIsGone)
{
    const auto lots = lots_of(std::vector<double>(6, 2.0));
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto order = pick(lots, by(Pick::weighted_top_k), seed);
        std::vector<std::uint64_t> expected;
        for (const auto place : order)
            if (place != 2)
                expected.push_back(lots[place].salt);
        std::vector<Lot> fewer = lots;
        fewer.erase(fewer.begin() + 2);
        std::ranges::reverse(fewer);
        std::vector<std::uint64_t> found;
        for (const auto place : pick(fewer, by(Pick::weighted_top_k), seed))
            found.push_back(fewer[place].salt);
        EXPECT_EQ(found, expected);
    }
}

} // namespace
} // namespace turngate::accounts
