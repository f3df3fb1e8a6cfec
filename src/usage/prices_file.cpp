// Reads pricing.yaml (interface.md). Money is at stake: what is not understood is a complaint,
// never ignored.
#include "strict_yaml.hpp"

#include "turngate/usage/prices.hpp"

#include <fstream>

namespace turngate::usage {
namespace {

constexpr std::string_view kUnit = "nano_usd_per_million_tokens";

// A million dollars per million tokens, a thousandfold multiplier, 2^53 tokens: more is a slip of
// the keyboard.
constexpr std::int64_t kMostPrice = 1'000'000'000'000'000;
constexpr std::int64_t kMostPpm = 1'000'000'000;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 53;

class PriceReader : public StrictYaml
{
public:
    using StrictYaml::StrictYaml;

    void read(const YAML::Node& root)
    {
        each(
            root, "", [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                if (name == "version")
                    table_.version = text(value, name);
                else if (name == "unit")
                    check_unit(value);
                else if (name == "models")
                    read_models(value);
                else if (name == "tools")
                    read_tools(value);
                else
                    complain(key, name, "unknown key");
            });
        require(root, root, "", {"version", "unit", "models"});
        add_aliases();
    }

    // pricing.unknown_model: of the configuration, but only here it is known what it may be.
    void check_unknown_model(std::string_view name)
    {
        if (name != "allow" && name != "reject" && !table_.find(name))
            complain(YAML::Mark::null_mark(),
                     "pricing.unknown_model",
                     "must be allow, reject or a model of this file, not '" + std::string(name) +
                         "'");
    }

    LoadedPrices take() &&
    {
        LoadedPrices loaded;
        loaded.complaints = take_complaints();
        if (loaded.complaints.empty())
            loaded.table = std::make_shared<const PriceTable>(std::move(table_));
        return loaded;
    }

private:
    void check_unit(const YAML::Node& node)
    {
        if (!node.IsScalar() || node.Scalar() != kUnit)
            complain(node, "unit", "must be " + std::string(kUnit));
    }

    void read_models(const YAML::Node& models)
    {
        each(models,
             "models",
             [&](const std::string& name, const YAML::Node& key, const YAML::Node& node) {
                 table_.models[name] = read_model(key, node, "models." + name);
             });
        if (models.IsMap() && models.size() == 0)
            complain(models, "models", "must name at least one model");
    }

    ModelPrice read_model(const YAML::Node& at, const YAML::Node& node, const std::string& prefix)
    {
        ModelPrice model;
        each(node,
             prefix,
             [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                 const std::string path = join(prefix, name);
                 if (is_rate(name))
                     return;
                 if (name == "tiers")
                     model.tiers = read_tiers(value, path);
                 else if (name == "long_context")
                     model.long_context = read_long_context(key, value, path);
                 else if (name == "aliases")
                     read_aliases(value, path, prefix);
                 else if (name == "max_input_tokens")
                     model.max_input_tokens = number(value, path, kMostTokens);
                 else if (name == "max_output_tokens")
                     model.max_output_tokens = number(value, path, kMostTokens);
                 else
                     complain(key, path, "unknown key");
             });
        require(node, at, prefix, {"input", "output"});
        if (node.IsMap())
            model.rates = read_rates(node, prefix);
        return model;
    }

    void read_aliases(const YAML::Node& node, const std::string& path, const std::string& model)
    {
        if (!node.IsSequence())
            return complain(node, path, "must be a list");
        for (const auto& alias : node)
            aliases_.push_back({alias, path, model.substr(std::string_view("models.").size())});
    }

    // Once all models are known: a name has one price.
    void add_aliases()
    {
        for (const Alias& alias : aliases_) {
            const std::string name = text(alias.node, alias.path);
            const bool is_new = table_.models.find(name) == table_.models.end() &&
                                table_.aliases.emplace(name, alias.model).second;
            if (!name.empty() && !is_new)
                complain(alias.node, alias.path, "'" + name + "' has a price already");
        }
    }

    static bool is_rate(const std::string& name)
    {
        return name == "input" || name == "cached_input" || name == "cache_write" ||
               name == "output";
    }

    Rates read_rates(const YAML::Node& map, const std::string& prefix)
    {
        const auto rate = [&](const char* name, std::int64_t otherwise) {
            const YAML::Node node = map[name];
            return node ? number(node, join(prefix, name), kMostPrice) : otherwise;
        };
        Rates rates;
        rates.input = rate("input", 0);
        rates.cached_input = rate("cached_input", rates.input);
        rates.cache_write = rate("cache_write", rates.input);
        rates.output = rate("output", 0);
        return rates;
    }

    std::map<std::string, ModelPrice::Tier, std::less<>> read_tiers(const YAML::Node& node,
                                                                    const std::string& prefix)
    {
        std::map<std::string, ModelPrice::Tier, std::less<>> tiers;
        each(node,
             prefix,
             [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                 tiers[name] = read_tier(key, value, join(prefix, name));
             });
        return tiers;
    }

    ModelPrice::Tier read_tier(const YAML::Node& at,
                               const YAML::Node& node,
                               const std::string& prefix)
    {
        ModelPrice::Tier tier;
        bool has_rates = false;
        bool has_multiplier = false;
        each(node,
             prefix,
             [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                 has_rates = has_rates || is_rate(name);
                 has_multiplier = has_multiplier || name == "multiplier_ppm";
                 if (name == "multiplier_ppm")
                     tier.multiplier.value = number(value, join(prefix, name), kMostPpm);
                 else if (!is_rate(name))
                     complain(key, join(prefix, name), "unknown key");
             });
        if (has_rates == has_multiplier && node.IsMap())
            complain(at, prefix, "needs either own prices or multiplier_ppm");
        if (has_rates) {
            require(node, at, prefix, {"input", "output"});
            tier.rates = read_rates(node, prefix);
        }
        return tier;
    }

    ModelPrice::LongContext read_long_context(const YAML::Node& at,
                                              const YAML::Node& node,
                                              const std::string& prefix)
    {
        ModelPrice::LongContext step;
        each(node,
             prefix,
             [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                 const std::string path = join(prefix, name);
                 if (name == "above_input_tokens")
                     step.above_input_tokens = number(value, path, kMostTokens);
                 else if (name == "input_multiplier_ppm")
                     step.input_multiplier.value = number(value, path, kMostPpm);
                 else if (name == "output_multiplier_ppm")
                     step.output_multiplier.value = number(value, path, kMostPpm);
                 else
                     complain(key, path, "unknown key");
             });
        require(node,
                at,
                prefix,
                {"above_input_tokens", "input_multiplier_ppm", "output_multiplier_ppm"});
        return step;
    }

    void read_tools(const YAML::Node& tools)
    {
        each(tools,
             "tools",
             [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                 if (name == "web_search")
                     table_.tools[name] = {number(value, "tools." + name, kMostPrice)};
                 else
                     complain(key, "tools." + name, "unknown key"); // a price nobody would charge
             });
    }

    struct Alias
    {
        YAML::Node node;
        std::string path;
        std::string model;
    };

    PriceTable table_;
    std::vector<Alias> aliases_; // as they stand in the file
};

} // namespace

LoadedPrices load_prices(const std::string& path, std::string_view unknown_model)
{
    PriceReader reader(path);
    std::ifstream file(path);
    try {
        if (!file) {
            reader.complain(YAML::Mark::null_mark(), "pricing.file", "cannot be read");
        } else {
            reader.read(YAML::Load(file));
            reader.check_unknown_model(unknown_model);
        }
    } catch (const YAML::Exception& error) {
        reader.complain(error.mark, "yaml", error.msg);
    }
    return std::move(reader).take();
}

} // namespace turngate::usage
