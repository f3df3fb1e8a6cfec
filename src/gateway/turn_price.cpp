#include "turn_price.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

constexpr std::int64_t kMostOutput = 128'000; // of a model whose price says nothing of it

struct Measure
{
    const usage::PriceTable& prices;
    std::string_view service_tier;
    core::Ppm multiplier;
    std::int64_t input = 0;
    std::optional<std::int64_t> output{};

    core::NanoUsd cost(const usage::ModelPrice& price) const
    {
        const std::int64_t most =
            price.max_output_tokens > 0 ? price.max_output_tokens : kMostOutput;
        protocol::TokenUsage tokens;
        tokens.input = input;
        tokens.output = output.value_or(most);
        return usage::settle_price(prices, price, tokens, service_tier, multiplier, {}).cost;
    }
};

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
                            std::int64_t input_tokens,
                            std::optional<std::int64_t> output_tokens)
{
    const Measure measure{
        *snapshot.prices, service_tier, principal.multiplier, input_tokens, output_tokens};
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

} // namespace turngate::gateway
