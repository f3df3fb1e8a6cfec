#pragma once

#include "turngate/access/principal.hpp"
#include "turngate/gateway/snapshot.hpp"

#include <optional>
#include <string_view>

namespace turngate::gateway {

// The upstream model's own price, else that of the name the client uses, else what
// pricing.unknown_model says.
usage::FoundPrice price_of(const Snapshot& snapshot,
                           std::string_view upstream_model,
                           std::string_view requested);

// A budget needs a price: what costs nobody knows how much cannot be held against it.
bool may_use(const access::Principal& principal, const usage::FoundPrice& price);

// Accounts serve the group, and none has the model at a price that the principal may use
// (behaviour.md sections 2 and 7). A create without a model is priced when its answer names one.
bool is_unknown(const Snapshot& snapshot,
                const access::Principal& principal,
                std::string_view model);

// What a client is told of a model that is_unknown, where it is its budget that forbids it; empty:
// where that is not the reason.
std::string_view why_unknown(const Snapshot& snapshot,
                             const access::Principal& principal,
                             std::string_view model);

// What those tokens cost the principal where the model is dearest; without a model, by the dearest
// there is.
core::NanoUsd most_it_costs(const Snapshot& snapshot,
                            const access::Principal& principal,
                            std::string_view model,
                            std::string_view service_tier,
                            std::int64_t input_tokens,
                            std::optional<std::int64_t> output_tokens); // nothing: the model's most

} // namespace turngate::gateway
