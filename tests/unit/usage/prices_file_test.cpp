#include "turngate/usage/prices.hpp"

#include "temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace turngate::usage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kHead = "version: 2026-11-01\nunit: nano_usd_per_million_tokens\n";

LoadedPrices load_text(const TempDir& dir, const std::string& text)
{
    const std::string path = dir / "pricing.yaml";
    write_file(path, text);
    return load_prices(path);
}

// With what a configuration says of models.
LoadedPrices load_for(const TempDir& dir,
                      std::string unknown_model,
                      std::vector<config::Mapping> mappings = {})
{
    config::Config config;
    config.pricing.file = dir / "pricing.yaml";
    config.pricing.unknown_model = std::move(unknown_model);
    config.pricing.unknown_model_at = {"config.yaml", 7, "pricing.unknown_model", ""};
    config.mappings = std::move(mappings);
    write_file(config.pricing.file, kHead + "models: {m: {input: 1, output: 2, aliases: [n]}}\n");
    return load_prices(config);
}

TEST(PricesFile, OfTheInterfaceIsReadInFull)
{
    const TempDir dir;
    const auto loaded = load_text(dir, kHead + R"(models:
  gpt-5.2:
    input: 1750000000
    cached_input: 175000000
    cache_write: 2187500000
    output: 14000000000
    tiers: {priority: {input: 3500000000, cached_input: 350000000, output: 28000000000}, flex: {multiplier_ppm: 500000}}
    long_context: {above_input_tokens: 272000, input_multiplier_ppm: 2000000, output_multiplier_ppm: 1500000}
    max_input_tokens: 400000
    max_output_tokens: 128000
    aliases: [gpt-5.2-chat, another]
  plain: {input: 3, output: 4}
tools: {web_search: 10000000}
)");
    ASSERT_THAT(loaded.complaints, IsEmpty());
    const PriceTable& table = *loaded.table;
    EXPECT_EQ(table.version, "2026-11-01");
    EXPECT_EQ(table.tools.at("web_search").value, 10'000'000);

    const ModelPrice& model = table.models.at("gpt-5.2");
    EXPECT_EQ(model.rates.input, 1'750'000'000);
    EXPECT_EQ(model.rates.cached_input, 175'000'000);
    EXPECT_EQ(model.rates.cache_write, 2'187'500'000);
    EXPECT_EQ(model.rates.output, 14'000'000'000);
    EXPECT_EQ(model.tiers.at("priority").rates->output, 28'000'000'000);
    EXPECT_EQ(model.tiers.at("priority").rates->cache_write, 3'500'000'000);
    EXPECT_FALSE(model.tiers.at("flex").rates);
    EXPECT_EQ(model.tiers.at("flex").multiplier.value, 500'000);
    EXPECT_EQ(model.long_context->above_input_tokens, 272'000);
    EXPECT_EQ(model.long_context->input_multiplier.value, 2'000'000);
    EXPECT_EQ(model.long_context->output_multiplier.value, 1'500'000);
    EXPECT_EQ(model.max_input_tokens, 400'000);
    EXPECT_EQ(model.max_output_tokens, 128'000);
    EXPECT_EQ(table.find("gpt-5.2-chat"), &model);
    EXPECT_EQ(table.find("another"), &model);

    const ModelPrice& plain = table.models.at("plain");
    EXPECT_EQ(plain.rates.cached_input, 3);
    EXPECT_EQ(plain.rates.cache_write, 3);
    EXPECT_EQ(plain.max_input_tokens, 0);
    EXPECT_EQ(plain.max_output_tokens, 0);
}

TEST(PricesFile, WithOneMistakeSaysWhereAndWhat)
{
    struct Row
    {
        const char* text; // after the two lines of kHead
        const char* complaint;
    };
    const Row rows[] = {
        {"models: {m: {input: 1, output: 2, colour: 3}}", ":3: models.m.colour: unknown key"},
        {"colour: 1\nmodels: {m: {input: 1, output: 2}}", ":3: colour: unknown key"},
        {"models: {m: {input: 1}}", ":3: models.m.output: is required"},
        {"models: {m: {output: 1}}", ":3: models.m.input: is required"},
        {"models:\n  m: {input: 1.5, output: 2}", ":4: models.m.input: must be a whole number"},
        {"models: {m: {input: -1, output: 2}}", ":3: models.m.input: must be a whole number"},
        {"models: {m: {input: 1e9, output: 2}}", ":3: models.m.input: must be a whole number"},
        {"models: {m: {input: , output: 2}}", ":3: models.m.input: is blank"},
        {"models: {m: {input: 1, output: 2, cache_write: }}", ":3: models.m.cache_write: is blank"},
        {"models: {m: {input: [1], output: 2}}", ":3: models.m.input: must be a single value"},
        {"models: {m: {input: 1, output: 99999999999999999999}}",
         ":3: models.m.output: must be a whole number"},
        {"models: {m: {input: 1, input: 2, output: 2}}", ":3: models.m.input: is given twice"},
        {"models: {}", ":3: models: must name at least one model"},
        {"models: [m]", ":3: models: must be a mapping"},
        {"models: {m: 5}", ":3: models.m: must be a mapping"},
        {"models: {m: {input: 1, output: 2, tiers: {flex: {}}}}",
         ":3: models.m.tiers.flex: needs either"},
        {"models: {m: {input: 1, output: 2, tiers: {flex: {input: 1, output: 1, multiplier_ppm: "
         "1}}}}",
         ":3: models.m.tiers.flex: needs either"},
        {"models: {m: {input: 1, output: 2, tiers: {flex: {input: 1}}}}",
         ":3: models.m.tiers.flex.output: is required"},
        {"models: {m: {input: 1, output: 2, tiers: {flex: {multiplier_ppm: 1, x: 1}}}}",
         ":3: models.m.tiers.flex.x: unknown key"},
        {"models: {m: {input: 1, output: 2, long_context: {input_multiplier_ppm: 1, "
         "output_multiplier_ppm: 1}}}",
         ":3: models.m.long_context.above_input_tokens: is required"},
        {"models: {m: {input: 1, output: 2, aliases: n}}", ":3: models.m.aliases: must be a list"},
        {"models: {m: {input: 1, output: 2, aliases: [[n]]}}",
         ":3: models.m.aliases[0]: must be a single value"},
        {"models: {m: {input: 1, output: 2, aliases: [m]}}",
         ":3: models.m.aliases[0]: 'm' has a price already"},
        {"models: {m: {input: 1, output: 2, aliases: [o]}, o: {input: 1, output: 2}}",
         ":3: models.m.aliases[0]: 'o' has a price already"},
        {"models: {m: {input: 1, output: 2, aliases: [n]}, o: {input: 1, output: 2, aliases: [n]}}",
         ":3: models.o.aliases[0]: 'n' has a price already"},
        {"models: {m: {input: 1, output: 2, max_input_tokens: many}}",
         ":3: models.m.max_input_tokens: must be a whole number"},
        {"models: {m: {input: 1, output: 2}}\ntools: {file_search: 1}",
         ":4: tools.file_search: unknown key"},
        {"models: {m: {input: 1, output: 2}}\nversion: x", ":4: version: is given twice"},
    };
    const TempDir dir;
    for (const Row& row : rows) {
        const auto loaded = load_text(dir, kHead + row.text);
        EXPECT_EQ(loaded.table, nullptr) << row.text;
        EXPECT_THAT(loaded.complaints, ElementsAre(HasSubstr(dir / "pricing.yaml" + row.complaint)))
            << row.text;
    }
}

TEST(PricesFile, KnowsWhatUnknownModelsMayBePricedAs)
{
    const TempDir dir;
    for (const char* name : {"allow", "reject", "m", "n"})
        EXPECT_THAT(load_for(dir, name).complaints, IsEmpty()) << name;
    for (const char* name : {"alow", "", "o"}) {
        const auto loaded = load_for(dir, name);
        EXPECT_EQ(loaded.table, nullptr) << name;
        EXPECT_THAT(loaded.complaints,
                    ElementsAre(HasSubstr("config.yaml:7: pricing.unknown_model: must be allow, "
                                          "reject or a model of ")));
    }
}

// An upstream's name may be anything (an Azure deployment), if the public one has a price, and the
// other way round.
TEST(PricesFile, IsHeldAgainstTheNamesOfMappings)
{
    const TempDir dir;
    const config::Complaint at{"config.yaml", 9, "accounts[0].models.x", ""};
    const std::vector<config::Mapping> priced{
        {at, "m", "deployment-7"}, {at, "x", "m"}, {at, "x", "n"}, {at, "x", "m-2026-01-31"}};
    const std::vector<config::Mapping> unpriced{{at, "x", "y"}};
    for (const char* unknown : {"allow", "reject", "m"}) {
        const auto loaded = load_for(dir, unknown, priced);
        EXPECT_THAT(loaded.complaints, IsEmpty()) << unknown;
        EXPECT_THAT(loaded.warnings, IsEmpty()) << unknown;
    }
    const auto what =
        HasSubstr("config.yaml:9: accounts[0].models.x: neither this name nor 'y' has a price");
    EXPECT_THAT(load_for(dir, "reject", unpriced).complaints, ElementsAre(what));
    EXPECT_EQ(load_for(dir, "reject", unpriced).table, nullptr);
    EXPECT_THAT(load_for(dir, "allow", unpriced).warnings, ElementsAre(what));
    EXPECT_NE(load_for(dir, "allow", unpriced).table, nullptr);
    EXPECT_THAT(load_for(dir, "m", unpriced).warnings, IsEmpty());
}

TEST(PricesFile, TellsWhatIsDifferentFromTheOneBefore)
{
    const TempDir dir;
    const auto table = [&](const std::string& models) {
        return load_text(dir, kHead + models).table;
    };
    const auto before =
        table("models:\n"
              "  same: {input: 1, output: 2}\n"
              "  old: {input: 1, output: 2}\n"
              "  m: {input: 1, output: 2, tiers: {flex: {multiplier_ppm: 500000}}}\n");
    const auto after = table("models:\n"
                             "  same: {input: 1, output: 2, cached_input: 1}\n"
                             "  new: {input: 1, output: 2, aliases: [newer]}\n"
                             "  m: {input: 1, output: 3, tiers: {flex: {input: 1, output: 1}}}\n"
                             "tools: {web_search: 7}\n");
    ASSERT_TRUE(before && after);
    EXPECT_THAT(differences(*before, *before), IsEmpty());
    EXPECT_THAT(differences(*before, *after),
                ElementsAre("models.m.output: 2 -> 3",
                            "models.m.tiers.flex.cache_write: none -> 1",
                            "models.m.tiers.flex.cached_input: none -> 1",
                            "models.m.tiers.flex.input: none -> 1",
                            "models.m.tiers.flex.multiplier_ppm: 500000 -> none",
                            "models.m.tiers.flex.output: none -> 1",
                            "models.new: new",
                            "models.old: gone",
                            "alias newer: none -> new",
                            "tools.web_search: none -> 7"));
}

TEST(PricesFile, SaysAllThatIsWrongAtOnce)
{
    const TempDir dir;
    const auto loaded =
        load_text(dir, "unit: dollars\nmodels: {a: {input: x, output: 1}, b: {input: 1}}\n");
    EXPECT_THAT(loaded.complaints,
                ElementsAre(HasSubstr(":1: version: is required"),
                            HasSubstr(":1: unit: must be nano_usd_per_million_tokens"),
                            HasSubstr(":2: models.a.input: "),
                            HasSubstr(":2: models.b.output: is required")));
}

TEST(PricesFile, ThatIsMissingOrNoYamlIsAComplaint)
{
    const TempDir dir;
    EXPECT_THAT(load_prices(dir / "none.yaml").complaints,
                ElementsAre(HasSubstr("cannot be read")));
    EXPECT_THAT(load_text(dir, "models: {\n").complaints, ElementsAre(HasSubstr("pricing.yaml:")));
    EXPECT_THAT(load_text(dir, "").complaints,
                ElementsAre(HasSubstr("version: is required"),
                            HasSubstr("unit: is required"),
                            HasSubstr("models: is required")));
}

std::int64_t cost_as_shipped(const PriceTable& table,
                             std::string_view model,
                             const protocol::TokenUsage& tokens,
                             std::string_view tier = "")
{
    return settle_price(table, *table.find(model), tokens, tier, {}, {}).cost.value;
}

TEST(PricesFile, ThatWeShipHasTheStepsAndTiersOfEachModel)
{
    const auto root = std::filesystem::path(TURNGATE_SOURCE_DIR);
    const auto loaded = load_prices((root / "config/pricing.yaml").string());
    ASSERT_THAT(loaded.complaints, IsEmpty());
    const PriceTable& table = *loaded.table;
    constexpr protocol::TokenUsage kSmall{
        .input = 1000, .cached = 400, .cache_write = 100, .output = 100};
    constexpr protocol::TokenUsage kLong{.input = 300'000, .output = 1000};
    EXPECT_EQ(cost_as_shipped(table, "gpt-6.2-sol", kSmall), 2'290'000);
    EXPECT_EQ(cost_as_shipped(table, "gpt-6.2-sol", kLong), 1'215'000'000);
    EXPECT_EQ(cost_as_shipped(table, "gpt-5.2", kLong), 539'000'000) << "it has no step";
    EXPECT_EQ(cost_as_shipped(table, "gpt-5.2-2025-12-11", kLong), 539'000'000);
    EXPECT_EQ(cost_as_shipped(table, "grok-4.7", kLong), 1'212'000'000);
    EXPECT_EQ(cost_as_shipped(table, "gpt-5.5", kSmall, "priority"), 15'500'000);
    EXPECT_EQ(cost_as_shipped(table, "gpt-5.4", kSmall, "priority"), 6'200'000);
    EXPECT_EQ(cost_as_shipped(table, "gpt-5.4", kSmall, "fast"), 6'200'000);
    EXPECT_EQ(cost_as_shipped(table, "gpt-5.4", kSmall, "flex"), 1'550'000);
}

TEST(PricesFile, ThatWeShipIsFaultless)
{
    const auto root = std::filesystem::path(TURNGATE_SOURCE_DIR);
    const auto loaded = load_prices((root / "config/pricing.yaml").string());
    ASSERT_THAT(loaded.complaints, IsEmpty());
    EXPECT_EQ(loaded.table->version, "2026-11-28");
    EXPECT_EQ(loaded.table->models.at("gpt-5.2").rates.output, 14'000'000'000);
    EXPECT_EQ(loaded.table->models.at("sim-1").rates.cached_input, 100'000'000);
    for (const auto& [name, model] : loaded.table->models) {
        EXPECT_LE(model.rates.cached_input, model.rates.input) << name;
        EXPECT_LT(model.rates.input, model.rates.output) << name;
        if (!name.starts_with("grok-4") && !name.starts_with("grok-code")) // some are not known
            EXPECT_GT(model.max_input_tokens, 0) << name;
    }
}

} // namespace
} // namespace turngate::usage
