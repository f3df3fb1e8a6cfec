#include "figure.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace turngate::bench {
namespace {

const Row& row_of(const std::vector<Row>& rows, const std::string& label)
{
    return *std::ranges::find(rows, label, &Row::label);
}

TEST(Figure, TakesTheMiddleOfTheRounds)
{
    EXPECT_EQ(median({3}), 3);
    EXPECT_EQ(median({9, 1, 5}), 5);
    EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
}

TEST(Figure, HoldsEachTargetAgainstWhatItNames)
{
    struct Case
    {
        Figure figure;
        const char* label;
        double nginx, haproxy, turngate;
        bool met;
    };
    const std::vector<Case> cases{
        {Figure::saturated_cpu, "CPU per event, saturated", 0.9, 0.4, 0.4, true},
        {Figure::saturated_cpu, "CPU per event, saturated", 0.9, 0.4, 0.41, false},
        {Figure::paced_cpu, "CPU per event, paced", 10, 20, 11, true},
        {Figure::paced_cpu, "CPU per event, paced", 10, 20, 11.1, false},
        {Figure::connect_cpu, "CPU per connect + turn + close", 100, 50, 130, true},
        {Figure::connect_cpu, "CPU per connect + turn + close", 100, 150, 131, false},
        {Figure::bulk_cpu, "CPU per turn, 1 MiB in and out", 9, 1, 1.2, true},
        {Figure::bulk_cpu, "CPU per turn, 1 MiB in and out", 9, 1, 1.3, false},
        {Figure::idle_memory, "memory per idle session", 17, 4, 12, true},
        {Figure::idle_memory, "memory per idle session", 17, 4, 12.5, false},
    };
    for (const Case& c : cases) {
        const auto rows = make_rows(
            {{c.figure, {{"nginx", c.nginx}, {"haproxy", c.haproxy}, {"turngate", c.turngate}}}},
            Protocol::ws);
        ASSERT_EQ(rows.size(), 1u);
        const Row& row = row_of(rows, c.label);
        EXPECT_EQ(row.met, c.met) << c.label << c.turngate;
        EXPECT_NEAR(*row.ratio, c.turngate / std::min(c.nginx, c.haproxy), 1e-9);
    }
}

TEST(Figure, HoldsHttpAgainstNginxAlone)
{
    struct Case
    {
        Figure figure;
        double turngate;
        std::optional<bool> met;
    };
    const std::vector<Case> cases{{Figure::saturated_cpu, 12, true},
                                  {Figure::saturated_cpu, 12.1, false},
                                  {Figure::paced_cpu, 12, true},
                                  {Figure::paced_cpu, 12.1, false},
                                  {Figure::turn_cpu, 15, true},
                                  {Figure::turn_cpu, 15.1, false},
                                  {Figure::connect_cpu, 1, std::nullopt},
                                  {Figure::bulk_cpu, 1, std::nullopt},
                                  {Figure::event_p50, 1, std::nullopt},
                                  {Figure::idle_memory, 12, true}};
    for (const Case& c : cases) {
        const auto rows = make_rows(
            {{c.figure, {{"direct", 0}, {"nginx", 10}, {"haproxy", 5}, {"turngate", c.turngate}}}},
            Protocol::http);
        EXPECT_EQ(rows.front().met, c.met) << rows.front().label << c.turngate;
        EXPECT_EQ(rows.front().target.empty(), !c.met) << rows.front().label;
    }
}

TEST(Figure, SubtractsTheDirectConnectionFromLatencies)
{
    const Medians medians{{Figure::event_p99,
                           {{"direct", 100}, {"nginx", 150}, {"haproxy", 160}, {"turngate", 161}}}};
    const auto rows = make_rows(medians, Protocol::ws);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].values.at("direct"), 100);
    EXPECT_EQ(rows[0].values.at("nginx"), 50);
    EXPECT_EQ(rows[0].values.at("turngate"), 61);
    EXPECT_EQ(rows[0].met, false); // 1.2 x 50
}

TEST(Figure, TakesWhatTheCheaperProxyPaysForATurnAsTheRelay)
{
    const auto rows = make_rows(
        {{Figure::turn_cpu, {{"nginx", 30}, {"haproxy", 40}, {"turngate", 75}}}}, Protocol::ws);
    ASSERT_EQ(rows.size(), 2u);
    const Row& row = row_of(rows, "CPU per turn outside the relay");
    EXPECT_EQ(row.values.at("turngate"), 45);
    EXPECT_EQ(row.met, true);
}

TEST(Figure, KnowsNothingOfATargetWhoseProxyIsMissing)
{
    const auto rows = make_rows({{Figure::saturated_cpu, {{"nginx", 0.9}, {"turngate", 0.4}}},
                                 {Figure::saturated_rate, {{"nginx", 1'000}, {"turngate", 2'000}}}},
                                Protocol::ws);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_FALSE(rows[0].met.has_value()); // haproxy's
    EXPECT_TRUE(rows[0].ratio.has_value());
    EXPECT_FALSE(rows[1].met.has_value());
    EXPECT_TRUE(rows[1].target.empty());
}

TEST(Figure, TakesTheFasterProxyForTheBetterOneWhereMoreIsBetter)
{
    const auto rows =
        make_rows({{Figure::saturated_rate, {{"nginx", 100}, {"haproxy", 200}, {"turngate", 150}}}},
                  Protocol::ws);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_DOUBLE_EQ(*rows[0].ratio, 0.75);
}

} // namespace
} // namespace turngate::bench
