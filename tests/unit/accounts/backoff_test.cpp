#include "turngate/accounts/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace turngate::accounts {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesFrom120MillisecondsTo2Seconds)
{
    constexpr std::uint32_t kMiddle = 200; // of 401 steps: no jitter
    struct
    {
        int attempt;
        int ms;
    } const rows[] = {{-1, 120},
                      {0, 120},
                      {1, 120},
                      {2, 240},
                      {3, 480},
                      {4, 960},
                      {5, 1920},
                      {6, 2000},
                      {7, 2000},
                      {64, 2000},
                      {1'000'000, 2000}};
    for (const auto& row : rows)
        EXPECT_EQ(backoff(row.attempt, kMiddle), milliseconds(row.ms)) << row.attempt;
}

TEST(Backoff, StrewsByAFifthAndNeverBeyondTheLongest)
{
    struct
    {
        int attempt;
        int least;
        int most;
    } const rows[] = {
        {1, 96, 144}, {2, 192, 288}, {4, 768, 1152}, {5, 1536, 2000}, {9, 1600, 2000}};
    for (const auto& row : rows) {
        milliseconds least = milliseconds::max();
        milliseconds most{};
        for (std::uint32_t random = 0; random < 401; ++random) {
            least = std::min(least, backoff(row.attempt, random));
            most = std::max(most, backoff(row.attempt, random));
        }
        EXPECT_EQ(least, milliseconds(row.least)) << row.attempt;
        EXPECT_EQ(most, milliseconds(row.most)) << row.attempt;
    }
    EXPECT_GE(backoff(1, 0xffff'ffff), milliseconds(96));
    EXPECT_LE(backoff(1, 0xffff'ffff), milliseconds(144));
}

TEST(Backoff, FitsFiveRepetitionsIntoTheBudget)
{
    milliseconds sum{};
    for (int attempt = 1; attempt <= 5; ++attempt)
        sum += backoff(attempt, 400);
    EXPECT_LT(sum, milliseconds(5000));
}

} // namespace
} // namespace turngate::accounts
