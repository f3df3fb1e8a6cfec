#include <gtest/gtest.h>

#include "gateways.hpp"

namespace turngate::state::test {
namespace {

using namespace std::chrono_literals;

// What every Rates promises, whatever it is made of.
class RateContract : public testing::TestWithParam<Backend>
{
protected:
    RateContract() : gateway_(gateway_of(loop_, GetParam())) { gateway_.until_up(); }

    RateVerdict take(std::string_view key, RateLimits limits, std::int64_t tokens = 0)
    {
        return fakes::run(loop_, gateway_.state->rates().take(key, limits, tokens));
    }
    void settle(std::string_view key, RateLimits limits, std::int64_t tokens)
    {
        fakes::run(loop_, gateway_.state->rates().settle(key, limits, tokens));
    }

    net::Loop loop_{0};
    Gateway gateway_;
};

TEST_P(RateContract, LetsAMinutesWorthPassAndThenSaysWhen)
{
    for (int i = 0; i < 2; ++i)
        EXPECT_TRUE(take("k", {.rpm = 2}).fits);
    const RateVerdict refused = take("k", {.rpm = 2});
    EXPECT_FALSE(refused.fits);
    EXPECT_GE(refused.retry_after, 28s);
    EXPECT_LE(refused.retry_after, 30s);
    EXPECT_TRUE(take("another", {.rpm = 2}).fits);
}

TEST_P(RateContract, TellsWhatIsLeftAndWhenAllOfItIsThereAgain)
{
    constexpr RateLimits kLimits{.rpm = 60, .tpm = 6'000};
    const RateVerdict first = take("k", kLimits, 600);
    EXPECT_EQ(first.requests, (RateLeft{59, 1s}));
    EXPECT_EQ(first.tokens, (RateLeft{5'400, 6s}));
    const RateVerdict second = take("k", kLimits, 5'400);
    EXPECT_GE(second.requests.amount, 58u);
    EXPECT_LT(second.tokens.amount, 5'400u); // what has come back meanwhile
    const RateVerdict refused = take("k", kLimits, 6'000);
    EXPECT_FALSE(refused.fits);
    EXPECT_GE(refused.requests.amount, 58u) << "a refused one takes nothing";
    EXPECT_GT(refused.tokens.full_in, 30s);
    EXPECT_LE(refused.tokens.full_in, 60s);
    EXPECT_EQ(take("another", {.rpm = 2}).tokens, RateLeft());
}

TEST_P(RateContract, FillsAgain)
{
    constexpr RateLimits kLimits{.rpm = 600};
    int taken = 0;
    while (take("k", kLimits).fits)
        ASSERT_LT(++taken, 2'000);
    EXPECT_GE(taken, 600);
    fakes::until(loop_, [&] { return take("k", kLimits).fits; }); // a tenth of a second each
}

TEST_P(RateContract, CountsTokensAndTakesNothingWhenTheyDoNotFit)
{
    constexpr RateLimits kLimits{.rpm = 3, .tpm = 1'000};
    EXPECT_TRUE(take("k", kLimits, 900).fits);
    for (int i = 0; i < 5; ++i) {
        const RateVerdict refused = take("k", kLimits, 400);
        EXPECT_FALSE(refused.fits);
        EXPECT_GE(refused.retry_after, 15s);
        EXPECT_LE(refused.retry_after, 18s);
    }
    EXPECT_TRUE(take("k", kLimits, 50).fits); // no request was lost either
}

TEST_P(RateContract, LetsATurnLargerThanTheMinutePassWhenNothingElseWas)
{
    constexpr RateLimits kLimits{.tpm = 1'000};
    EXPECT_TRUE(take("k", kLimits, 3'000).fits);
    const RateVerdict refused = take("k", kLimits, 1);
    EXPECT_FALSE(refused.fits);
    EXPECT_GE(refused.retry_after, 110s); // what it took beyond the minute is owed
}

TEST_P(RateContract, SettlesToWhatATurnReallyUsed)
{
    constexpr RateLimits kLimits{.tpm = 1'000};
    EXPECT_TRUE(take("k", kLimits, 1'000).fits);
    settle("k", kLimits, -900); // it was only 100
    EXPECT_TRUE(take("k", kLimits, 850).fits);
    settle("k", kLimits, 200); // and this was more
    const RateVerdict refused = take("k", kLimits, 1);
    EXPECT_FALSE(refused.fits);
    EXPECT_GE(refused.retry_after, 5s);
    settle("unused", kLimits, -5'000);
    EXPECT_TRUE(take("unused", kLimits, 1'000).fits);
    EXPECT_FALSE(take("unused", kLimits, 100).fits); // never more than a minute's worth
}

TEST_P(RateContract, WithoutLimitsIsNoLimit)
{
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(take("k", {}, 1'000'000'000).fits);
    settle("k", {}, 1'000'000'000);
    EXPECT_TRUE(take("k", {}, 1).fits);
}

TEST_P(RateContract, FollowsAChangedLimit)
{
    EXPECT_TRUE(take("k", {.rpm = 100}).fits);
    EXPECT_TRUE(take("k", {.rpm = 1}).fits);
    EXPECT_FALSE(take("k", {.rpm = 1}).fits);
}

TEST_P(RateContract, TakesNumbersOfAnySize)
{
    constexpr RateLimits kLimits{.rpm = ~0u, .tpm = ~0ull};
    EXPECT_TRUE(take("k", kLimits, std::numeric_limits<std::int64_t>::max()).fits);
    settle("k", kLimits, std::numeric_limits<std::int64_t>::max());
    EXPECT_FALSE(take("k", kLimits, 1).fits);
    settle("k", kLimits, std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(take("k", kLimits, -5).fits);
}

INSTANTIATE_TEST_SUITE_P(Contract, RateContract, kEveryBackend, [](const auto& info) {
    return name_of(info.param);
});

} // namespace
} // namespace turngate::state::test
