#include "turn_price.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

// Of a model whose price says nothing of it; the largest context that vendors have.
constexpr std::int64_t kMostInput = 1'050'000;
constexpr std::int64_t kMostOutput = 128'000;

constexpr std::int64_t kBytesPerToken = 4;
constexpr std::int64_t kPictureTokens = 50'000; // gpt-4o-mini's, in full detail

constexpr std::int64_t kRuns = 100; // of a model with hosted tools, for one response
constexpr std::int64_t kMostWebSearches = 1'000;
constexpr std::int64_t kMostTokens = 10'000'000; // in one run of any model

struct Measure
{
    const usage::PriceTable& prices;
    std::string_view service_tier;
    core::Ppm multiplier;
    const TurnSize& size;

    core::NanoUsd cost(const usage::ModelPrice& price) const
    {
        const std::int64_t most =
            price.max_output_tokens > 0 ? price.max_output_tokens : kMostOutput;
        const std::int64_t window =
            price.max_input_tokens > 0 ? price.max_input_tokens : kMostInput;
        const std::int64_t input = size.is_open ? std::max(size.input, window) : size.input;
        protocol::TokenUsage tokens;
        tokens.input = std::min(input, input_limit(&price).value_or(input));
        tokens.output = size.output.value_or(most);
        tokens.web_searches = size.web_searches;
        return usage::settle_price(prices, price, tokens, service_tier, multiplier, {}).cost;
    }
};

core::NanoUsd cost_of(const Snapshot& snapshot,
                      const usage::ModelPrice& price,
                      const protocol::TokenUsage& tokens,
                      std::string_view service_tier)
{
    return usage::settle_price(*snapshot.prices, price, tokens, service_tier, {}, {}).cost;
}

bool is_within(std::int64_t count, std::int64_t most, std::int64_t runs) noexcept
{
    return count / runs <= most;
}

} // namespace

usage::FoundPrice price_of(const Snapshot& snapshot,
                           std::string_view upstream_model,
                           std::string_view requested)
{
    const usage::PriceTable& prices = *snapshot.prices;
    if (const auto* own = prices.find(upstream_model))
        return {own, usage::FoundPrice::Kind::known};
    return usage::find_price(prices, snapshot.config->pricing.unknown_model, requested);
}

bool may_use(const access::Principal& principal, const usage::FoundPrice& price)
{
    return price.price ||
           (price.kind == usage::FoundPrice::Kind::unpriced && !principal.is_budgeted());
}

bool is_unknown(const Snapshot& snapshot,
                const access::Principal& principal,
                std::string_view model)
{
    const auto has_it = [&](const auto& account) {
        const auto upstream =
            account->serves(principal.group) ? account->upstream_model(model) : std::nullopt;
        return upstream &&
               (model.empty() || may_use(principal, price_of(snapshot, *upstream, model)));
    };
    return snapshot.accounts.serves_group(principal.group) &&
           std::ranges::none_of(snapshot.accounts.all(), has_it);
}

std::string_view why_unknown(const Snapshot& snapshot,
                             const access::Principal& principal,
                             std::string_view model)
{
    const auto is_unpriced = [&](const auto& account) {
        return price_of(snapshot, *account->upstream_model(model), model).kind ==
               usage::FoundPrice::Kind::unpriced;
    };
    const auto accounts = snapshot.accounts.candidates(principal.group, model);
    if (!principal.is_budgeted() || std::ranges::none_of(accounts, is_unpriced))
        return {};
    return "The model has no price here, and your key or user has a budget, against which nothing "
           "unpriced can run. Ask who runs this gateway to give the model a price.";
}

core::NanoUsd most_it_costs(const Snapshot& snapshot,
                            const access::Principal& principal,
                            std::string_view model,
                            std::string_view service_tier,
                            const TurnSize& size)
{
    const Measure measure{*snapshot.prices, service_tier, principal.multiplier, size};
    core::NanoUsd most;
    if (model.empty())
        for (const auto& [name, price] : snapshot.prices->models)
            most = std::max(most, measure.cost(price));
    for (const auto& account : snapshot.accounts.candidates(principal.group, model)) {
        const auto* price = price_of(snapshot, *account->upstream_model(model), model).price;
        most = std::max(most, price ? measure.cost(*price) : core::NanoUsd());
    }
    return most;
}

const usage::ModelPrice* dearest_price(const Snapshot& snapshot,
                                       std::string_view group,
                                       const protocol::TokenUsage& tokens,
                                       std::string_view service_tier)
{
    const usage::ModelPrice* dearest = nullptr;
    core::NanoUsd most;
    const auto consider = [&](const usage::ModelPrice* price) {
        if (!price)
            return;
        const core::NanoUsd cost = cost_of(snapshot, *price, tokens, service_tier);
        if (!dearest || cost > most) {
            dearest = price;
            most = cost;
        }
    };
    const auto consider_table = [&] {
        for (const auto& [name, price] : snapshot.prices->models)
            consider(&price);
    };
    for (const auto& account : snapshot.accounts.all()) {
        if (!account->serves(group))
            continue;
        if (account->config.models.empty())
            consider_table();
        for (const auto& [name, upstream] : account->config.models)
            consider(price_of(snapshot, upstream, name).price);
    }
    if (!dearest)
        consider_table();
    return dearest;
}

std::int64_t tokens_in(std::size_t bytes, const protocol::InputSize& size) noexcept
{
    const auto all = static_cast<std::int64_t>(bytes);
    const auto pictures = std::min(static_cast<std::int64_t>(size.picture_bytes), all);
    const auto in = [](std::int64_t count) {
        return (count + kBytesPerToken - 1) / kBytesPerToken;
    };
    return in(all - pictures) + std::min(in(pictures), size.pictures * kPictureTokens);
}

std::optional<std::int64_t> input_limit(const usage::ModelPrice* price) noexcept
{
    if (!price || price->max_input_tokens <= 0)
        return std::nullopt;
    return price->long_context ? std::max(price->max_input_tokens, kMostInput)
                               : price->max_input_tokens;
}

bool is_credible(const protocol::TokenUsage& usage,
                 const usage::ModelPrice* price,
                 bool has_hosted_tools) noexcept
{
    const std::int64_t runs = has_hosted_tools ? kRuns : 1;
    const bool is_output_known = price && price->max_output_tokens > 0;
    const std::int64_t input = input_limit(price).value_or(kMostTokens);
    const std::int64_t output = is_output_known ? price->max_output_tokens : kMostTokens;
    return is_within(usage.input, input, runs) && is_within(usage.output, output, runs) &&
           is_within(usage.total, input + output, runs) && usage.web_searches <= kMostWebSearches;
}

} // namespace turngate::gateway
