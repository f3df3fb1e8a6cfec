// The formula against an independent calculation (price_cases.py), to the nano-dollar.
#include "turngate/usage/prices.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>

namespace turngate::usage {
namespace {

struct CaseModel
{
    Rates rates;
    Rates priority;     // input −1: no prices of its own
    std::int64_t flex;  // ppm; −1: not given
    std::int64_t above; // −1: no long-context step
    std::int64_t long_input, long_output;
};

struct Case
{
    std::int64_t model, input, cached, cache_write, output, web_searches;
    const char* tier;
    std::int64_t multiplier, account_multiplier, cost, account_cost;
};

#include "price_cases.inc"

ModelPrice model_of(const CaseModel& given)
{
    ModelPrice model;
    model.rates = given.rates;
    if (given.priority.input >= 0)
        model.tiers["priority"].rates = given.priority;
    if (given.flex >= 0)
        model.tiers["flex"].multiplier.value = given.flex;
    if (given.above >= 0)
        model.long_context = {given.above, {given.long_input}, {given.long_output}};
    return model;
}

PriceTable table()
{
    PriceTable table;
    table.tools["web_search"] = {10'000'000};
    return table;
}

protocol::TokenUsage usage_of(const Case& row)
{
    return {.input = row.input,
            .cached = row.cached,
            .cache_write = row.cache_write,
            .output = row.output,
            .total = row.input + row.output,
            .web_searches = row.web_searches};
}

TEST(PriceCases, CostWhatAnIndependentCalculationSays)
{
    EXPECT_GE(std::size(kCases), 100u);
    for (const Case& row : kCases) {
        const Price price = settle_price(table(),
                                         model_of(kModels[row.model]),
                                         usage_of(row),
                                         row.tier,
                                         {row.multiplier},
                                         {row.account_multiplier});
        const std::string what = "case " + std::to_string(&row - kCases) + ", tier " + row.tier;
        EXPECT_EQ(price.cost.value, row.cost) << what;
        EXPECT_EQ(price.account_cost.value, row.account_cost) << what;
    }
}

// One more of whatever: a cached or written token is one of the input, too. Below the step and
// above it; across it, too, as long as the step makes nothing cheaper.
TEST(PriceCases, NeverCostLessForOneTokenMoreOfAnyKind)
{
    const auto grown = [](protocol::TokenUsage usage, int kind, std::int64_t more) {
        if (kind < 3)
            usage.input += more;
        const std::array<std::int64_t*, 5> fields = {
            nullptr, &usage.cached, &usage.cache_write, &usage.output, &usage.web_searches};
        if (fields[kind])
            *fields[kind] += more;
        return usage;
    };
    std::mt19937_64 random(3);
    for (const Case& row : kCases) {
        const ModelPrice model = model_of(kModels[row.model]);
        if (model.long_context && model.long_context->input_multiplier.value < 1'000'000)
            continue;
        const auto cost = [&](const protocol::TokenUsage& usage) {
            return settle_price(table(), model, usage, row.tier, {row.multiplier}, {}).cost.value;
        };
        const protocol::TokenUsage usage = usage_of(row);
        EXPECT_GE(cost(usage), 0);
        for (int kind = 0; kind < 5; ++kind)
            EXPECT_GE(cost(grown(usage, kind, 1 + static_cast<std::int64_t>(random() % 1000))),
                      cost(usage))
                << "case " << &row - kCases << ", kind " << kind;
    }
}

// The whole is the sum of its parts but for rounding, which each part does once: half a
// nano-dollar.
TEST(PriceCases, AreTheSumOfTheirPartsToTheRounding)
{
    for (const Case& row : kCases) {
        ModelPrice model = model_of(kModels[row.model]);
        model.long_context.reset(); // the step looks at the whole input
        const auto cost = [&](const protocol::TokenUsage& usage) {
            return settle_price(table(), model, usage, row.tier, {row.multiplier}, {}).cost.value;
        };
        const std::int64_t whole = cost(usage_of(row));
        if (whole == INT64_MAX)
            continue;
        const std::int64_t plain = row.input - row.cached - row.cache_write;
        const std::int64_t parts =
            cost({.input = plain}) + cost({.input = row.cached, .cached = row.cached}) +
            cost({.input = row.cache_write, .cache_write = row.cache_write}) +
            cost({.output = row.output}) + cost({.web_searches = row.web_searches});
        EXPECT_LE(std::abs(whole - parts), 3) << "case " << &row - kCases;
    }
}

// Never negative, whatever a vendor says it counted.
TEST(PriceCases, AreNeverNegative)
{
    std::mt19937_64 random(4);
    for (int round = 0; round < 2000; ++round) {
        const auto any = [&random] {
            return static_cast<std::int64_t>(random() >> (random() % 64)) *
                   (random() % 4 == 0 ? -1 : 1);
        };
        const protocol::TokenUsage usage{.input = any(),
                                         .cached = any(),
                                         .cache_write = any(),
                                         .output = any(),
                                         .total = any(),
                                         .web_searches = any()};
        const ModelPrice model = model_of(kModels[random() % std::size(kModels)]);
        const Price price =
            settle_price(table(), model, usage, round % 2 ? "priority" : "flex", {any()}, {any()});
        EXPECT_GE(price.cost.value, 0);
        EXPECT_GE(price.account_cost.value, 0);
    }
}

} // namespace
} // namespace turngate::usage
