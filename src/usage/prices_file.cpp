// Reads pricing.yaml (interface.md). Money is at stake: what is not understood is a complaint,
// never ignored.
#include "turngate/config/yaml_file.hpp"
#include "turngate/usage/prices.hpp"

namespace turngate::usage {
namespace {

using config::Section;
using config::Value;

// A million dollars per million tokens, a thousandfold multiplier, 2^53 tokens: more is a slip of
// the keyboard.
constexpr std::int64_t kMostPrice = 1'000'000'000'000'000;
constexpr std::int64_t kMostPpm = 1'000'000'000;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 53;

// Input and output are needed; what is not given of the others costs as input. False: none of the
// four is given, and none is needed.
bool read_rates(Section& section, bool is_needed, Rates& out)
{
    const Value input = section["input"], output = section["output"];
    const Value cached_input = section["cached_input"], cache_write = section["cache_write"];
    const bool has_any =
        input.is_given() || output.is_given() || cached_input.is_given() || cache_write.is_given();
    if (!is_needed && !has_any)
        return false;
    input.required().read_number(out.input, 0, kMostPrice);
    output.required().read_number(out.output, 0, kMostPrice);
    out.cached_input = out.cache_write = out.input;
    cached_input.read_number(out.cached_input, 0, kMostPrice);
    cache_write.read_number(out.cache_write, 0, kMostPrice);
    return true;
}

ModelPrice::Tier read_tier(const Value& value)
{
    ModelPrice::Tier tier;
    Section section = value.section();
    const Value multiplier = section["multiplier_ppm"];
    multiplier.read_number(tier.multiplier.value, 0, kMostPpm);
    Rates rates;
    if (read_rates(section, false, rates))
        tier.rates = rates;
    if (section.is_given() && tier.rates.has_value() == multiplier.is_given())
        value.complain("needs either own prices or multiplier_ppm");
    return tier;
}

void read_long_context(const Value& value, std::optional<ModelPrice::LongContext>& out)
{
    if (!value.is_given())
        return;
    ModelPrice::LongContext step;
    Section section = value.section();
    if (!section.is_given())
        return;
    section["above_input_tokens"].required().read_number(step.above_input_tokens, 0, kMostTokens);
    section["input_multiplier_ppm"].required().read_number(
        step.input_multiplier.value, 0, kMostPpm);
    section["output_multiplier_ppm"].required().read_number(
        step.output_multiplier.value, 0, kMostPpm);
    out = step;
}

// Another name of a model, where it stands.
struct Alias
{
    Value at;
    std::string name;
    std::string model;
};

ModelPrice read_model(const Value& value, std::vector<Alias>& aliases)
{
    ModelPrice model;
    Section section = value.section();
    if (!section.is_given())
        return model;
    read_rates(section, true, model.rates);
    for (const Value& tier : section["tiers"].entries())
        model.tiers[tier.key()] = read_tier(tier);
    read_long_context(section["long_context"], model.long_context);
    section["max_input_tokens"].read_number(model.max_input_tokens, 0, kMostTokens);
    section["max_output_tokens"].read_number(model.max_output_tokens, 0, kMostTokens);
    for (const Value& alias : section["aliases"].items())
        if (auto name = alias.filled())
            aliases.push_back({alias, std::move(*name), value.key()});
    return model;
}

// Once all models are known: a name has one price.
void add_aliases(const std::vector<Alias>& aliases, PriceTable& table)
{
    for (const Alias& alias : aliases)
        if (table.models.contains(alias.name) ||
            !table.aliases.emplace(alias.name, alias.model).second)
            alias.at.complain("'" + alias.name + "' has a price already");
}

void read_models(const Value& models, PriceTable& table)
{
    const std::vector<Value> entries = models.required().entries();
    if (models.is_map() && entries.empty())
        models.complain("must name at least one model");
    std::vector<Alias> aliases;
    for (const Value& entry : entries)
        table.models[entry.key()] = read_model(entry, aliases);
    add_aliases(aliases, table);
}

void read_table(Section& root, PriceTable& table)
{
    root["version"].required().read_text(table.version);
    int unit = 0; // there is one
    root["unit"].required().read_word<int>(unit, {{"nano_usd_per_million_tokens", 0}});
    read_models(root["models"], table);
    Section tools = root["tools"].section(); // one that nobody would charge is an unknown key
    const Value web_search = tools["web_search"];
    if (web_search.is_given())
        web_search.read_number(table.tools["web_search"].value, 0, kMostPrice);
}

std::vector<std::string> texts(const std::vector<config::Complaint>& complaints)
{
    std::vector<std::string> texts;
    for (const config::Complaint& complaint : complaints)
        texts.push_back(complaint.text());
    return texts;
}

std::string told(config::Complaint at, std::string what)
{
    at.what = std::move(what);
    return at.text();
}

void check_names(const config::Config& config, LoadedPrices& loaded)
{
    const PriceTable& table = *loaded.table;
    const config::Pricing& pricing = config.pricing;
    const bool allows = pricing.unknown_model == "allow";
    const bool rejects = pricing.unknown_model == "reject";
    if (!allows && !rejects && !table.find(pricing.unknown_model))
        loaded.complaints.push_back(told(pricing.unknown_model_at,
                                         "must be allow, reject or a model of " + pricing.file +
                                             ", not '" + pricing.unknown_model + "'"));
    for (const config::Mapping& mapping : config.mappings) {
        if (table.find(mapping.model) || table.find(mapping.upstream))
            continue;
        const std::string what =
            "neither this name nor '" + mapping.upstream + "' has a price in " + pricing.file;
        if (rejects)
            loaded.complaints.push_back(
                told(mapping.at, what + ", and pricing.unknown_model rejects it"));
        else if (allows)
            loaded.warnings.push_back(told(mapping.at, what));
    }
}

} // namespace

LoadedPrices load_prices(const std::string& path)
{
    LoadedPrices loaded;
    PriceTable table;
    config::Report report(path);
    config::read_yaml_file(report, [&](Section& root) { read_table(root, table); });
    loaded.complaints = texts(report.complaints());
    if (report.is_clean())
        loaded.table = std::make_shared<const PriceTable>(std::move(table));
    return loaded;
}

LoadedPrices load_prices(const config::Config& config)
{
    LoadedPrices loaded = load_prices(config.pricing.file);
    if (loaded.table)
        check_names(config, loaded);
    if (!loaded.complaints.empty())
        loaded.table = nullptr;
    return loaded;
}

} // namespace turngate::usage
