#include "turngate/usage/prices.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <limits>

namespace turngate::usage {
namespace {

// Wide enough for the largest tokens × price × three multipliers, so nothing is rounded or lost on
// the way.
using Exact = boost::multiprecision::uint512_t;

constexpr std::int64_t kMillion = 1'000'000;

Exact exact(std::int64_t value)
{
    return Exact(std::max<std::int64_t>(value, 0));
}

// What stands at the end of a name: -2025-12-11.
std::string_view without_date(std::string_view model)
{
    constexpr std::string_view kForm = "-0000-00-00";
    if (model.size() <= kForm.size())
        return model;
    const std::string_view end = model.substr(model.size() - kForm.size());
    const auto fits = [](char form, char c) {
        return form == '0' ? c >= '0' && c <= '9' : c == form;
    };
    const bool is_date = std::equal(kForm.begin(), kForm.end(), end.begin(), fits);
    return is_date ? model.substr(0, model.size() - kForm.size()) : model;
}

core::Ppm usual_multiplier(std::string_view tier)
{
    if (tier == "priority")
        return {2 * kMillion};
    if (tier == "flex")
        return {kMillion / 2};
    return {kMillion};
}

struct TierPrice
{
    Rates rates;
    core::Ppm multiplier;
};

TierPrice price_of_tier(const ModelPrice& model, std::string_view asked)
{
    const std::string_view tier = asked == "fast" ? "priority" : asked; // its name in requests
    const auto found = model.tiers.find(tier);
    if (found == model.tiers.end())
        return {model.rates, usual_multiplier(tier)};
    if (found->second.rates)
        return {*found->second.rates, core::Ppm{}};
    return {model.rates, found->second.multiplier};
}

// Input and output carry the long-context step's multipliers separately.
struct Step
{
    core::Ppm input;
    core::Ppm output;
};

Step step_of(const ModelPrice& model, std::int64_t input_tokens)
{
    if (!model.long_context || input_tokens <= model.long_context->above_input_tokens)
        return {};
    return {model.long_context->input_multiplier, model.long_context->output_multiplier};
}

// In nano-dollars per million tokens: divide by 10^6 for nano-dollars.
Exact input_sum(const Rates& rates, const protocol::TokenUsage& tokens)
{
    const std::int64_t input = std::max<std::int64_t>(tokens.input, 0);
    const std::int64_t cached = std::clamp<std::int64_t>(tokens.cached, 0, input);
    const std::int64_t written = std::clamp<std::int64_t>(tokens.cache_write, 0, input - cached);
    return exact(input - cached - written) * exact(rates.input) +
           exact(cached) * exact(rates.cached_input) + exact(written) * exact(rates.cache_write);
}

Exact tool_sum(const PriceTable& table, const protocol::TokenUsage& tokens)
{
    const auto web_search = table.tools.find("web_search");
    if (web_search == table.tools.end())
        return 0;
    return exact(tokens.web_searches) * exact(web_search->second.value);
}

core::NanoUsd round_half_up(const Exact& sum, const Exact& divisor)
{
    const Exact rounded = (2 * sum + divisor) / (2 * divisor);
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    return {rounded > Exact(kMost) ? kMost : rounded.convert_to<std::int64_t>()};
}

} // namespace

const ModelPrice* PriceTable::find_as_written(std::string_view model) const
{
    const auto alias = aliases.find(model);
    const auto found = models.find(alias == aliases.end() ? model : alias->second);
    return found == models.end() ? nullptr : &found->second;
}

const ModelPrice* PriceTable::find(std::string_view model) const
{
    if (const ModelPrice* found = find_as_written(model))
        return found;
    const std::string_view undated = without_date(model);
    return undated == model ? nullptr : find_as_written(undated);
}

FoundPrice find_price(const PriceTable& table,
                      std::string_view unknown_model,
                      std::string_view model)
{
    using enum FoundPrice::Kind;
    if (const ModelPrice* own = table.find(model))
        return {own, known};
    if (unknown_model == "allow")
        return {nullptr, unpriced};
    if (unknown_model == "reject")
        return {nullptr, rejected};
    const ModelPrice* other = table.find(unknown_model);
    return {other, other ? stand_in : rejected};
}

Price settle_price(const PriceTable& table,
                   const ModelPrice& model,
                   const protocol::TokenUsage& tokens,
                   std::string_view service_tier,
                   core::Ppm multiplier,
                   core::Ppm account_multiplier)
{
    const TierPrice tier = price_of_tier(model, service_tier);
    const Step step = step_of(model, tokens.input);

    // Each factor in parts per million scales the sum by 10^6; all are divided out once, at the
    // end.
    const Exact tokens_sum =
        (input_sum(tier.rates, tokens) * exact(step.input.value) +
         exact(tokens.output) * exact(tier.rates.output) * exact(step.output.value)) *
        exact(tier.multiplier.value);
    const Exact scale = Exact(kMillion) * kMillion * kMillion;
    const Exact sum = tokens_sum + tool_sum(table, tokens) * scale;
    const Exact divisor = scale * kMillion;
    return {round_half_up(sum * exact(multiplier.value), divisor),
            round_half_up(sum * exact(account_multiplier.value), divisor)};
}

} // namespace turngate::usage
