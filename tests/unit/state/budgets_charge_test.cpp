// Bills that no running turn brings: of an earlier process, or of before there was a limit.
#include "claims.hpp"

#include <gtest/gtest.h>

#include "budget_questions.hpp"

namespace turngate::state::test {
namespace {

constexpr const char* kAlice = "user/alice";

class ChargeContract : public testing::TestWithParam<Backend>
{
protected:
    ChargeContract() : gateway_(gateway_of(loop_, GetParam())) { gateway_.until_up(); }

    Budgets& budgets() { return gateway_.state->budgets(); }
    Sums held() { return held_of(loop_, gateway_, {kAlice}); }

    net::Loop loop_{0};
    Gateway gateway_;
};

TEST_P(ChargeContract, CountsOnceUntilItIsReported)
{
    budgets().charge(kAlice, {{"r1", {5}}, {"r2", {7}}});
    budgets().charge(kAlice, {{"r1", {5}}});
    EXPECT_EQ(held(), (Sums{{12}}));
    budgets().report(kAlice, {1, {5}}, {"r1"});
    EXPECT_EQ(held(), (Sums{{7}}));
    budgets().report(kAlice, {2, {12}}, {"r2"});
    EXPECT_EQ(held(), (Sums{{0}}));
}

INSTANTIATE_TEST_SUITE_P(Contract, ChargeContract, kEveryBackend, [](const auto& info) {
    return name_of(info.param);
});

TEST(Claims, OfATurnWhoseBillWasChargedAndReportedMeanwhileDoNotCountItAgain)
{
    Claims claims;
    claims.hold("turn", {100}, 0);
    claims.charge({{"r1", {5}}}, 0, core::Deadline::max() - std::chrono::hours(1));
    EXPECT_EQ(claims.sum().value, 105);
    claims.report({"r1"});
    claims.settle("turn", {{"r1", {5}}}, core::Deadline::max() - std::chrono::hours(1));
    EXPECT_EQ(claims.sum().value, 0);
}

} // namespace
} // namespace turngate::state::test
