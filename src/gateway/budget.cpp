#include "budget.hpp"

#include "turn_price.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <array>

namespace turngate::gateway {
namespace {

constexpr std::int64_t kToolCalls = 10; // of hosted tools, where the client sets no limit
constexpr auto kRetryAfter = std::chrono::seconds(5); // state keeps room for longer

// Of the parent, as far as anybody knows; which response that is, is resolved later.
net::Task<std::optional<std::int64_t>> context_tokens(const Turn& turn)
{
    const protocol::ClientEvent& create = turn.create;
    const std::string& parent = create.previous_response_id;
    const bool is_inferred = parent.empty() && !create.tool_output_call_ids.empty();
    if (is_inferred || (!parent.empty() && parent == turn.lane.last_response))
        co_return turn.lane.last_context_tokens;
    if (parent.empty())
        co_return 0;
    const auto binding = co_await turn.rooms.store.find_response(turn.session.tenant, parent);
    co_return binding ? std::optional(binding->context_tokens) : std::nullopt;
}

net::Task<core::NanoUsd> estimate(const Turn& turn)
{
    const protocol::ClientEvent& create = turn.create;
    const auto context = co_await context_tokens(turn);
    // A parent that nobody here knows: it is refused, or the upstream's.
    const bool is_foreign = !context && turn.snapshot->config->continuity.unknown_parent ==
                                            config::UnknownParent::forward;
    TurnSize size;
    size.input = context.value_or(0) + tokens_in(turn.frame.size(), create.size);
    size.is_open = create.size.is_open || is_foreign;
    size.output = create.generate ? create.max_output_tokens : std::optional<std::int64_t>(0);
    if (create.size.has_web_search)
        size.web_searches = create.max_tool_calls.value_or(kToolCalls);
    co_return most_it_costs(
        *turn.snapshot, *turn.principal, create.model, create.service_tier, size);
}

// The same for a client that comes again, since it is refused by turns, not by clients.
std::string asker_of(const Turn& turn)
{
    return turn.session.key.hex() + '/' + std::string(turn.lane_name());
}

void note_refusal(Turn& turn, const state::HoldRequest& request, const core::Fault& fault)
{
    const bool is_busy = fault.code == core::FaultCode::rate_limited;
    telemetry::log_debug("no room in the budget",
                         {{"turn", turn.id},
                          {"budget", request.subject},
                          {"estimate_nano_usd", request.amount.value},
                          {"while_others_hold", is_busy}});
    if (is_busy)
        turn.retry_after = kRetryAfter;
    (is_busy ? turn.rooms.metrics.budget_waits : turn.rooms.metrics.budget_refusals).add();
}

struct Limit
{
    std::string subject;
    std::optional<core::NanoUsd> amount;
};

} // namespace

net::Task<core::Result<>> hold_budget(Turn& turn)
{
    const access::Principal& principal = *turn.principal;
    if (!principal.is_budgeted() || turn.is_free())
        co_return core::Result<>();
    const core::NanoUsd amount = co_await estimate(turn);
    const std::array limits{Limit{access::key_subject(principal.key), principal.quota},
                            Limit{access::user_subject(principal.user), principal.credit}};
    for (const Limit& limit : limits) {
        if (!limit.amount)
            continue;
        state::HoldRequest request{limit.subject, *limit.amount, turn.id, amount, asker_of(turn)};
        auto hold = co_await turn.rooms.budgets.hold(request);
        if (!hold) {
            note_refusal(turn, request, hold.error());
            turn.claims.holds.clear(); // the key's, where the user is refused
            co_return hold.error();
        }
        turn.claims.holds.push_back(std::move(*hold));
    }
    co_return core::Result<>();
}

void charge_budget(Turn& turn, const usage::UsageRecord& record)
{
    turn.claims.billed += record.cost;
    for (state::Hold& hold : turn.claims.holds)
        hold.charge({record.response_uid, record.cost});
}

bool has_used_its_hold(const Turn& turn) noexcept
{
    const core::NanoUsd billed = turn.claims.billed;
    return billed.value > 0 && std::ranges::any_of(turn.claims.holds, [&](const auto& hold) {
               return billed >= hold.amount();
           });
}

} // namespace turngate::gateway
