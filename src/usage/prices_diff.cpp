#include "turngate/usage/prices.hpp"

#include <set>

namespace turngate::usage {
namespace {

// Every figure of a table by the path that it has in the file.
using Figures = std::map<std::string, std::int64_t>;

void add_rates(const std::string& path, const Rates& rates, Figures& out)
{
    out[path + "input"] = rates.input;
    out[path + "cached_input"] = rates.cached_input;
    out[path + "cache_write"] = rates.cache_write;
    out[path + "output"] = rates.output;
}

Figures figures_of(const ModelPrice& model)
{
    Figures out;
    add_rates("", model.rates, out);
    for (const auto& [name, tier] : model.tiers) {
        const std::string path = "tiers." + name + ".";
        if (tier.rates)
            add_rates(path, *tier.rates, out);
        else
            out[path + "multiplier_ppm"] = tier.multiplier.value;
    }
    if (model.long_context) {
        out["long_context.above_input_tokens"] = model.long_context->above_input_tokens;
        out["long_context.input_multiplier_ppm"] = model.long_context->input_multiplier.value;
        out["long_context.output_multiplier_ppm"] = model.long_context->output_multiplier.value;
    }
    out["max_input_tokens"] = model.max_input_tokens;
    out["max_output_tokens"] = model.max_output_tokens;
    return out;
}

Figures tools_of(const PriceTable& table)
{
    Figures out;
    for (const auto& [name, price] : table.tools)
        out[name] = price.value;
    return out;
}

// All keys of both, each once, in order.
template <class Map>
std::set<std::string> names_of(const Map& before, const Map& after)
{
    std::set<std::string> names;
    for (const Map* map : {&before, &after})
        for (const auto& [name, value] : *map)
            names.insert(name);
    return names;
}

void compare(const std::string& path,
             const Figures& before,
             const Figures& after,
             std::vector<std::string>& lines)
{
    const auto text = [](const Figures& figures, const std::string& name) {
        const auto found = figures.find(name);
        return found == figures.end() ? std::string("none") : std::to_string(found->second);
    };
    for (const std::string& name : names_of(before, after)) {
        const std::string was = text(before, name), is = text(after, name);
        if (was != is)
            lines.push_back(path + "." + name + ": " + was + " -> " + is);
    }
}

} // namespace

std::vector<std::string> differences(const PriceTable& before, const PriceTable& after)
{
    std::vector<std::string> lines;
    for (const std::string& name : names_of(before.models, after.models)) {
        const auto was = before.models.find(name);
        const auto is = after.models.find(name);
        if (was == before.models.end())
            lines.push_back("models." + name + ": new");
        else if (is == after.models.end())
            lines.push_back("models." + name + ": gone");
        else
            compare("models." + name, figures_of(was->second), figures_of(is->second), lines);
    }
    for (const std::string& name : names_of(before.aliases, after.aliases)) {
        const auto text = [&](const PriceTable& table) {
            const auto found = table.aliases.find(name);
            return found == table.aliases.end() ? std::string("none") : found->second;
        };
        if (text(before) != text(after))
            lines.push_back("alias " + name + ": " + text(before) + " -> " + text(after));
    }
    compare("tools", tools_of(before), tools_of(after), lines);
    return lines;
}

} // namespace turngate::usage
