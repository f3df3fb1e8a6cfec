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
    max_output_tokens: 128000
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
    EXPECT_EQ(model.max_output_tokens, 128'000);

    const ModelPrice& plain = table.models.at("plain");
    EXPECT_EQ(plain.rates.cached_input, 3);
    EXPECT_EQ(plain.rates.cache_write, 3);
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
        {"models: {m: {input: 1}}", ":3: models.m.output: is missing"},
        {"models: {m: {output: 1}}", ":3: models.m.input: is missing"},
        {"models:\n  m: {input: 1.5, output: 2}", ":4: models.m.input: must be a whole number"},
        {"models: {m: {input: -1, output: 2}}", ":3: models.m.input: must be a whole number"},
        {"models: {m: {input: 1e9, output: 2}}", ":3: models.m.input: must be a whole number"},
        {"models: {m: {input: , output: 2}}", ":3: models.m.input: must be a whole number"},
        {"models: {m: {input: [1], output: 2}}", ":3: models.m.input: must be a whole number"},
        {"models: {m: {input: 1, output: 99999999999999999999}}",
         ":3: models.m.output: must be a whole number"},
        {"models: {m: {input: 1, input: 2, output: 2}}", ":3: models.m.input: given twice"},
        {"models: {}", ":3: models: must name at least one model"},
        {"models: [m]", ":3: models: must be a map"},
        {"models: {m: 5}", ":3: models.m: must be a map"},
        {"models: {m: {input: 1, output: 2, tiers: {flex: {}}}}",
         ":3: models.m.tiers.flex: needs either"},
        {"models: {m: {input: 1, output: 2, tiers: {flex: {input: 1, output: 1, multiplier_ppm: "
         "1}}}}",
         ":3: models.m.tiers.flex: needs either"},
        {"models: {m: {input: 1, output: 2, tiers: {flex: {input: 1}}}}",
         ":3: models.m.tiers.flex.output: is missing"},
        {"models: {m: {input: 1, output: 2, tiers: {flex: {multiplier_ppm: 1, x: 1}}}}",
         ":3: models.m.tiers.flex.x: unknown key"},
        {"models: {m: {input: 1, output: 2, long_context: {input_multiplier_ppm: 1, "
         "output_multiplier_ppm: 1}}}",
         ":3: models.m.long_context.above_input_tokens: is missing"},
        {"models: {m: {input: 1, output: 2}}\ntools: {file_search: 1}",
         ":4: tools.file_search: unknown key"},
        {"models: {m: {input: 1, output: 2}}\nversion: x", ":4: version: given twice"},
    };
    const TempDir dir;
    for (const Row& row : rows) {
        const auto loaded = load_text(dir, kHead + row.text);
        EXPECT_EQ(loaded.table, nullptr) << row.text;
        EXPECT_THAT(loaded.complaints, ElementsAre(HasSubstr(dir / "pricing.yaml" + row.complaint)))
            << row.text;
    }
}

TEST(PricesFile, SaysAllThatIsWrongAtOnce)
{
    const TempDir dir;
    const auto loaded =
        load_text(dir, "unit: dollars\nmodels: {a: {input: x, output: 1}, b: {input: 1}}\n");
    EXPECT_THAT(loaded.complaints,
                ElementsAre(HasSubstr(":1: unit: must be nano_usd_per_million_tokens"),
                            HasSubstr(":2: models.a.input: "),
                            HasSubstr(":2: models.b.output: is missing"),
                            HasSubstr(": version: is missing")));
}

TEST(PricesFile, ThatIsMissingOrNoYamlIsAComplaint)
{
    const TempDir dir;
    EXPECT_THAT(load_prices(dir / "none.yaml").complaints,
                ElementsAre(HasSubstr("cannot be read")));
    EXPECT_THAT(load_text(dir, "models: {\n").complaints, ElementsAre(HasSubstr("pricing.yaml:")));
    EXPECT_THAT(load_text(dir, "").complaints, ElementsAre(HasSubstr("must be a map")));
}

TEST(PricesFile, ThatWeShipIsFaultless)
{
    const auto root = std::filesystem::path(__FILE__).parent_path() / "../../..";
    const auto loaded = load_prices((root / "config/pricing.yaml").string());
    ASSERT_THAT(loaded.complaints, IsEmpty());
    EXPECT_EQ(loaded.table->version, "2026-11-01");
    EXPECT_EQ(loaded.table->models.at("gpt-5.2").rates.output, 14'000'000'000);
    EXPECT_EQ(loaded.table->models.at("sim-1").rates.cached_input, 100'000'000);
    for (const auto& [name, model] : loaded.table->models) {
        EXPECT_LE(model.rates.cached_input, model.rates.input) << name;
        EXPECT_LT(model.rates.input, model.rates.output) << name;
    }
}

} // namespace
} // namespace turngate::usage
