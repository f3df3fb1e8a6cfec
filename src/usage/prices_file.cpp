// Reads pricing.yaml (interface.md). Money is at stake: what is not understood is a complaint,
// never ignored.
#include "turngate/usage/prices.hpp"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <fstream>
#include <functional>
#include <set>

namespace turngate::usage {
namespace {

constexpr std::string_view kUnit = "nano_usd_per_million_tokens";

// A million dollars per million tokens, a thousandfold multiplier, 2^53 tokens: more is a slip of
// the keyboard.
constexpr std::int64_t kMostPrice = 1'000'000'000'000'000;
constexpr std::int64_t kMostPpm = 1'000'000'000;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 53;

class PriceReader
{
public:
    explicit PriceReader(const std::string& path) : path_(path) {}

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
    }

    void complain(const YAML::Mark& mark, const std::string& key, const std::string& what)
    {
        const int line = mark.is_null() ? 1 : mark.line + 1;
        complaints_.push_back(path_ + ":" + std::to_string(line) + ": " + key + ": " + what);
    }

    LoadedPrices take() &&
    {
        LoadedPrices loaded;
        if (complaints_.empty())
            loaded.table = std::make_shared<const PriceTable>(std::move(table_));
        loaded.complaints = std::move(complaints_);
        return loaded;
    }

private:
    using Entry = std::function<void(const std::string&, const YAML::Node&, const YAML::Node&)>;

    void complain(const YAML::Node& node, const std::string& key, const std::string& what)
    {
        complain(node.Mark(), key, what);
    }

    static std::string join(const std::string& prefix, const std::string& name)
    {
        return prefix.empty() ? name : prefix + "." + name;
    }

    void each(const YAML::Node& map, const std::string& prefix, const Entry& entry)
    {
        if (!map.IsMap())
            return complain(map, prefix, "must be a map");
        std::set<std::string> seen;
        for (const auto& pair : map) {
            const YAML::Node& key = pair.first;
            if (!key.IsScalar())
                complain(key, prefix, "keys must be plain text");
            else if (!seen.insert(key.Scalar()).second)
                complain(key, join(prefix, key.Scalar()), "given twice");
            else
                entry(key.Scalar(), key, pair.second);
        }
    }

    void require(const YAML::Node& map,
                 const YAML::Node& at,
                 const std::string& prefix,
                 std::initializer_list<const char*> names)
    {
        if (!map.IsMap())
            return;
        for (const char* name : names)
            if (!map[name])
                complain(at, join(prefix, name), "is missing");
    }

    std::string text(const YAML::Node& node, const std::string& key)
    {
        if (node.IsScalar() && !node.Scalar().empty())
            return node.Scalar();
        complain(node, key, "must be a text");
        return {};
    }

    std::int64_t number(const YAML::Node& node, const std::string& key, std::int64_t most)
    {
        const std::string digits = node.IsScalar() ? node.Scalar() : "";
        std::int64_t value = -1;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error == std::errc() && end == digits.data() + digits.size() && value >= 0 &&
            value <= most)
            return value;
        complain(node, key, "must be a whole number from 0 to " + std::to_string(most));
        return 0;
    }

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

    std::string path_;
    PriceTable table_;
    std::vector<std::string> complaints_;
};

} // namespace

LoadedPrices load_prices(const std::string& path)
{
    PriceReader reader(path);
    std::ifstream file(path);
    try {
        if (!file)
            reader.complain(YAML::Mark::null_mark(), "pricing.file", "cannot be read");
        else
            reader.read(YAML::Load(file));
    } catch (const YAML::Exception& error) {
        reader.complain(error.mark, "yaml", error.msg);
    }
    return std::move(reader).take();
}

} // namespace turngate::usage
