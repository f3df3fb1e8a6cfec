#pragma once

#include "turngate/access/principal.hpp"
#include "turngate/gateway/snapshot.hpp"
#include "turngate/protocol/client_event.hpp"

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

// Of so many bytes of a create, about four to a token: but no picture that comes with them is more
// than the dearest model makes of one.
std::int64_t tokens_in(std::size_t bytes, const protocol::InputSize& size) noexcept;

// How large a turn may become.
struct TurnSize
{
    std::int64_t input = 0;             // tokens that are known of
    bool is_open = false;               // there may be more: as much as the context window takes
    std::optional<std::int64_t> output; // nothing: the model's most
    std::int64_t web_searches = 0;
};

// What such a turn costs the principal where the model is dearest; without a model, by the dearest
// there is.
core::NanoUsd most_it_costs(const Snapshot& snapshot,
                            const access::Principal& principal,
                            std::string_view model,
                            std::string_view service_tier,
                            const TurnSize& size);

// The price at which those tokens cost most, of all models that the group's accounts may answer
// with, else of the table: for a response whose model has none. Null: an empty table.
const usage::ModelPrice* dearest_price(const Snapshot& snapshot,
                                       std::string_view group,
                                       const protocol::TokenUsage& tokens,
                                       std::string_view service_tier);

// The most input that the model takes at once; nothing: the table does not say. Where long context
// has a price of its own, it is the largest context there is.
std::optional<std::int64_t> input_limit(const usage::ModelPrice* price) noexcept;

// Whether a response can have such figures. With hosted tools a model runs several times for one.
bool is_credible(const protocol::TokenUsage& usage,
                 const usage::ModelPrice* price, // null: not known
                 bool has_hosted_tools) noexcept;

} // namespace turngate::gateway
