#pragma once

#include "turngate/config/config.hpp"
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
    std::int64_t max_input_tokens = 0;  // the context window; 0: not given
    std::int64_t max_output_tokens = 0; // 0: not given
};

// An immutable, versioned price table; shared between loops, kept by each turn from its start.
class PriceTable
{
public:
    std::string version;
    std::map<std::string, ModelPrice, std::less<>> models;
    std::map<std::string, std::string, std::less<>> aliases; // of those models
    std::map<std::string, core::NanoUsd, std::less<>> tools; // a request

    // By its name or an alias, else by these without a date at the end (gpt-5.2-2025-12-11); null:
    // not in the table.
    const ModelPrice* find(std::string_view model) const;

private:
    const ModelPrice* find_as_written(std::string_view model) const;
};

// What is charged for a model (behaviour.md section 7).
struct FoundPrice
{
    enum class Kind {
        known,    // by the model's own price
        stand_in, // by that of another, which pricing.unknown_model names
        unpriced, // by nothing: only who has no budget may use it
        rejected, // not at all: it may not be used
    };

    const ModelPrice* price; // null: unpriced or rejected. Lives as long as the table
    Kind kind;
};

// unknown_model as configured: "allow", "reject", or a model of the table.
FoundPrice find_price(const PriceTable& table,
                      std::string_view unknown_model,
                      std::string_view model);

struct LoadedPrices
{
    std::shared_ptr<const PriceTable> table;
    std::vector<std::string> complaints; // file:line: key: what is wrong
    std::vector<std::string> warnings;   // the same, of what may be meant
};

// Never throws on bad input; the table is null when there are complaints.
LoadedPrices load_prices(const std::string& path);

// Of a configuration, whose names of models are held against the table: pricing.unknown_model must
// be one of find_price's, and of a mapping's two names one should have a price. It must, where
// unknown models are rejected: nobody could ever use it.
LoadedPrices load_prices(const config::Config& config);

// What is new, gone or of another figure, a line each; empty: the tables charge the same.
std::vector<std::string> differences(const PriceTable& before, const PriceTable& after);

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
