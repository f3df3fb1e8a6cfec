#pragma once

#include "turngate/core/money.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::usage {

// Nano-dollars per million tokens.
struct Rates
{
    std::int64_t input = 0;
    std::int64_t cached_input = 0;
    std::int64_t cache_write = 0;
    std::int64_t output = 0;
};

// One model's prices as pricing.yaml gives them (interface.md).
struct ModelPrice
{
    struct Tier
    {
        std::optional<Rates> rates; // own prices, else
        core::Ppm multiplier;       // of the model's standard ones
    };
    struct LongContext
    {
        std::int64_t above_input_tokens = 0;
        core::Ppm input_multiplier;
        core::Ppm output_multiplier;
    };

    Rates rates;
    std::map<std::string, Tier, std::less<>> tiers;
    std::optional<LongContext> long_context;
    std::int64_t max_output_tokens = 0; // 0: not given
};

// An immutable, versioned price table; shared between loops, kept by each turn from its start.
class PriceTable
{
public:
    std::string version;
    std::map<std::string, ModelPrice, std::less<>> models;
    std::map<std::string, core::NanoUsd, std::less<>> tools; // a request

    // The model's prices; else those of `fallback` (pricing.unknown_model) unless it is "reject";
    // else null.
    const ModelPrice* find(std::string_view model, std::string_view fallback) const;
};

struct LoadedPrices
{
    std::shared_ptr<const PriceTable> table;
    std::vector<std::string> complaints; // file:line: key: what is wrong
};

// Never throws on bad input; the table is null when there are complaints.
LoadedPrices load_prices(const std::string& path);

// What a response costs. The sum and its multipliers are exact (wide integers), so rounding happens
// once, half up, in `settle_price`. cached and cache_write above input are cut to it: never
// negative. Saturates at the largest int64.
struct Price
{
    core::NanoUsd cost;         // × multiplier
    core::NanoUsd account_cost; // × account multiplier
};

Price settle_price(const PriceTable& table,
                   const ModelPrice& model,
                   const protocol::TokenUsage& tokens,
                   std::string_view service_tier,
                   core::Ppm multiplier,
                   core::Ppm account_multiplier);

} // namespace turngate::usage
