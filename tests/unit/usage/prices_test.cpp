#include "turngate/usage/prices.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace turngate::usage {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kTokens53 = std::int64_t{1} << 53;

// 1750, 175, 2100 and 14000 nano-dollars a token.
ModelPrice sample_model()
{
    ModelPrice model;
    model.rates = {1'750'000'000, 175'000'000, 2'100'000'000, 14'000'000'000};
    model.tiers["priority"] = {Rates{3'500'000'000, 350'000'000, 3'500'000'000, 28'000'000'000},
                               {}};
    model.tiers["scale"] = {std::nullopt, {1'500'000}};
    model.long_context = {272'000, {2'000'000}, {1'500'000}};
    return model;
}

ModelPrice flat_model(std::int64_t price)
{
    ModelPrice model;
    model.rates = {price, price, price, price};
    return model;
}

PriceTable table_with_tools()
{
    PriceTable table;
    table.tools["web_search"] = {10'000'000};
    return table;
}

struct Row
{
    const char* what;
    ModelPrice model;
    protocol::TokenUsage tokens;
    const char* tier;
    std::int64_t multiplier;
    std::int64_t cost;
};

protocol::TokenUsage tokens(std::int64_t input,
                            std::int64_t cached,
                            std::int64_t cache_write,
                            std::int64_t output,
                            std::int64_t web_searches = 0)
{
    return {.input = input,
            .cached = cached,
            .cache_write = cache_write,
            .output = output,
            .reasoning = output,
            .total = input + output,
            .web_searches = web_searches};
}

TEST(Price, IsWhatTheFormulaSays)
{
    const ModelPrice model = sample_model();
    const Row rows[] = {
        {"nothing", model, tokens(0, 0, 0, 0), "", 1'000'000, 0},
        {"input and output", model, tokens(1000, 0, 0, 100), "default", 1'000'000, 3'150'000},
        {"cached input", model, tokens(1000, 400, 0, 100), "auto", 1'000'000, 2'520'000},
        {"cache writes", model, tokens(1000, 400, 100, 100), "standard", 1'000'000, 2'555'000},
        {"a tier nobody knows", model, tokens(1000, 0, 0, 100), "gold", 1'000'000, 3'150'000},
        {"a tier's own prices",
         model,
         tokens(1000, 400, 100, 100),
         "priority",
         1'000'000,
         5'040'000},
        {"a tier's multiplier", model, tokens(1000, 0, 0, 100), "scale", 1'000'000, 4'725'000},
        {"flex, usual", model, tokens(1000, 0, 0, 100), "flex", 1'000'000, 1'575'000},
        {"priority, as it is asked for",
         model,
         tokens(1000, 0, 0, 100),
         "fast",
         1'000'000,
         6'300'000},
        {"priority, usual", flat_model(1'000'000), tokens(3, 0, 0, 4), "priority", 1'000'000, 14},
        {"at the step", model, tokens(272'000, 0, 0, 1000), "", 1'000'000, 490'000'000},
        {"above the step", model, tokens(272'001, 0, 0, 1000), "", 1'000'000, 973'003'500},
        {"above, cached", model, tokens(300'000, 300'000, 0, 0), "", 1'000'000, 105'000'000},
        {"above, written", model, tokens(300'000, 0, 300'000, 0), "", 1'000'000, 1'260'000'000},
        {"above, flex", model, tokens(272'001, 0, 0, 1000), "flex", 1'000'000, 486'501'750},
        {"above, own prices",
         model,
         tokens(300'000, 0, 0, 1000),
         "priority",
         1'000'000,
         2'142'000'000},
        {"web searches", model, tokens(0, 0, 0, 0, 3), "", 1'000'000, 30'000'000},
        {"tools know no tier", model, tokens(1000, 0, 0, 100, 3), "flex", 1'000'000, 31'575'000},
        {"a multiplier", model, tokens(1000, 0, 0, 100), "", 800'000, 2'520'000},
        {"a multiplier on tools", model, tokens(0, 0, 0, 0, 1), "", 1'250'000, 12'500'000},
        {"free", model, tokens(1000, 0, 0, 100, 3), "", 0, 0},
        {"more cached than input", model, tokens(1000, 5000, 0, 0), "", 1'000'000, 175'000},
        {"more written than left", model, tokens(1000, 400, 5000, 0), "", 1'000'000, 1'330'000},
        {"negative counts", model, tokens(-5, -5, -5, -5, -5), "", 1'000'000, 0},
        {"half is rounded up", flat_model(500'000), tokens(1, 0, 0, 0), "", 1'000'000, 1},
        {"below half is not", flat_model(499'999), tokens(1, 0, 0, 0), "", 1'000'000, 0},
        {"half by the multiplier", flat_model(1'000'000), tokens(5, 0, 0, 0), "", 500'000, 3},
        {"rounded once, not by part", flat_model(400'000), tokens(1, 0, 0, 1), "", 1'000'000, 1},
        {"rounded after the multiplier", flat_model(400'000), tokens(1, 0, 0, 0), "", 2'000'000, 1},
        {"odd factors",
         flat_model(999'999'937),
         tokens(999'983, 0, 0, 1),
         "",
         999'979,
         999'962'937},
        {"large and exact",
         flat_model(1'000'000'000),
         tokens(kTokens53, 0, 0, 0),
         "",
         1'000'000,
         9'007'199'254'740'992'000},
        {"too large", flat_model(1'100'000'000), tokens(kTokens53, 0, 0, 0), "", 1'000'000, kMost},
        {"far too large",
         flat_model(kMost),
         tokens(kTokens53, 0, 0, kTokens53),
         "priority",
         kMost,
         kMost},
    };
    for (const Row& row : rows) {
        const Price price = settle_price(
            table_with_tools(), row.model, row.tokens, row.tier, {row.multiplier}, {0});
        EXPECT_EQ(price.cost.value, row.cost) << row.what;
        EXPECT_EQ(price.account_cost.value, 0) << row.what;
    }
}

TEST(Price, KeepsTheOperatorsCostBesideTheUsers)
{
    const Price price =
        settle_price({}, sample_model(), tokens(1000, 0, 0, 100), "", {800'000}, {900'000});
    EXPECT_EQ(price.cost.value, 2'520'000);
    EXPECT_EQ(price.account_cost.value, 2'835'000);
}

TEST(Price, OfToolsIsNothingWhenTheTableHasNone)
{
    EXPECT_EQ(settle_price({}, sample_model(), tokens(0, 0, 0, 0, 9), "", {}, {}).cost.value, 0);
}

protocol::TokenUsage random_tokens(std::mt19937_64& random)
{
    const auto input = static_cast<std::int64_t>(random() % 400'000);
    const auto cached = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(input + 1));
    const auto left = static_cast<std::uint64_t>(input - cached + 1);
    return tokens(input,
                  cached,
                  static_cast<std::int64_t>(random() % left),
                  static_cast<std::int64_t>(random() % 100'000),
                  static_cast<std::int64_t>(random() % 5));
}

std::int64_t cost_of(const ModelPrice& model, const protocol::TokenUsage& usage)
{
    return settle_price(table_with_tools(), model, usage, "", {}, {}).cost.value;
}

TEST(Price, IsTheSumOfItsParts)
{
    ModelPrice model = sample_model(); // whole nano-dollars a token: nothing is rounded
    model.long_context.reset();
    std::mt19937_64 random(1);
    for (int round = 0; round < 1000; ++round) {
        const auto all = random_tokens(random);
        const std::int64_t plain = all.input - all.cached - all.cache_write;
        EXPECT_EQ(cost_of(model, all),
                  cost_of(model, tokens(plain, 0, 0, 0)) +
                      cost_of(model, tokens(all.cached, all.cached, 0, 0)) +
                      cost_of(model, tokens(all.cache_write, 0, all.cache_write, 0)) +
                      cost_of(model, tokens(0, 0, 0, all.output)) +
                      cost_of(model, tokens(0, 0, 0, 0, all.web_searches)));
    }
}

TEST(Price, NeverFallsWhenTokensGrow)
{
    const ModelPrice model = sample_model();
    std::mt19937_64 random(2);
    for (int round = 0; round < 1000; ++round) {
        const auto usage = random_tokens(random);
        auto more_input = usage;
        more_input.input += static_cast<std::int64_t>(random() % 50'000);
        auto more_output = usage;
        more_output.output += static_cast<std::int64_t>(random() % 50'000);
        EXPECT_GE(cost_of(model, usage), 0);
        EXPECT_GE(cost_of(model, more_input), cost_of(model, usage));
        EXPECT_GE(cost_of(model, more_output), cost_of(model, usage));
    }
}

TEST(PriceTable, FindsAModelByItsNamesWithAndWithoutADate)
{
    PriceTable table;
    const ModelPrice* plain = &(table.models["gpt-5.2"] = flat_model(1));
    const ModelPrice* dated = &(table.models["gpt-5.2-2026-01-01"] = flat_model(2));
    table.aliases["chat"] = "gpt-5.2";
    const std::pair<const char*, const ModelPrice*> rows[] = {
        {"gpt-5.2", plain},
        {"gpt-5.2-2025-12-11", plain},
        {"gpt-5.2-2026-01-01", dated},
        {"chat", plain},
        {"chat-2025-12-11", plain},
        {"gpt-5.2-mini", nullptr},
        {"gpt-5.2-2025-12-1", nullptr},
        {"gpt-5.2-2025-12-111", nullptr},
        {"gpt-5.2-20251211", nullptr},
        {"gpt-5.2_2025-12-11", nullptr},
        {"gpt-5.2-2025-12-11-2025-12-11", nullptr},
        {"gpt-5.2-2o25-12-11", nullptr},
        {"-2025-12-11", nullptr},
        {"2025-12-11", nullptr},
        {"GPT-5.2", nullptr},
        {"", nullptr},
    };
    for (const auto& [name, price] : rows)
        EXPECT_EQ(table.find(name), price) << name;
}

TEST(PriceTable, SaysWhatIsChargedForAModelThatItHasNot)
{
    using enum FoundPrice::Kind;
    PriceTable table;
    const ModelPrice* own = &(table.models["known"] = flat_model(1));
    const ModelPrice* other = &(table.models["other"] = flat_model(2));
    struct Row
    {
        const char* unknown_model;
        const char* model;
        const ModelPrice* price;
        FoundPrice::Kind kind;
    };
    const Row rows[] = {
        {"allow", "known", own, known},
        {"reject", "known", own, known},
        {"other", "known", own, known},
        {"other", "known-2026-01-01", own, known},
        {"allow", "unknown", nullptr, unpriced},
        {"reject", "unknown", nullptr, rejected},
        {"other", "unknown", other, stand_in},
        {"other-2026-01-01", "unknown", other, stand_in},
        {"not in the table", "unknown", nullptr, rejected},
    };
    for (const Row& row : rows) {
        const FoundPrice found = find_price(table, row.unknown_model, row.model);
        EXPECT_EQ(found.price, row.price) << row.unknown_model << ' ' << row.model;
        EXPECT_EQ(found.kind, row.kind) << row.unknown_model << ' ' << row.model;
    }
}

} // namespace
} // namespace turngate::usage
