#include "budget.hpp"

#include "turn_price.hpp"

#include "turngate/telemetry/log.hpp"

#include <array>

namespace turngate::gateway {
namespace {

constexpr std::int64_t kBytesPerToken = 4;

// Of the parent, as far as anybody knows; which response that is, is resolved later.
net::Task<std::int64_t> context_tokens(const Turn& turn)
{
    const protocol::ClientEvent& create = turn.create;
    const std::string& parent = create.previous_response_id;
    const bool is_inferred = parent.empty() && !create.tool_output_call_ids.empty();
    if (is_inferred || (!parent.empty() && parent == turn.lane.last_response))
        co_return turn.lane.last_context_tokens;
    if (parent.empty())
        co_return 0;
    const auto binding = co_await turn.rooms.store.find_response(turn.session.tenant, parent);
    co_return binding ? binding->context_tokens : 0;
}

net::Task<core::NanoUsd> estimate(const Turn& turn)
{
    const std::int64_t context = co_await context_tokens(turn);
    const std::int64_t own = static_cast<std::int64_t>(turn.frame.size()) / kBytesPerToken;
    const auto output =
        turn.create.generate ? turn.create.max_output_tokens : std::optional<std::int64_t>(0);
    co_return most_it_costs(*turn.snapshot,
                            *turn.principal,
                            turn.create.model,
                            turn.create.service_tier,
                            context + own,
                            output);
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
    if (!principal.is_budgeted())
        co_return core::Result<>();
    const core::NanoUsd amount = co_await estimate(turn);
    const std::array limits{Limit{access::key_subject(principal.key), principal.quota},
                            Limit{access::user_subject(principal.user), principal.credit}};
    for (const Limit& limit : limits) {
        if (!limit.amount)
            continue;
        auto hold = co_await turn.rooms.budgets.hold(limit.subject, *limit.amount, turn.id, amount);
        if (!hold) {
            telemetry::log_debug("no room in the budget",
                                 {{"turn", turn.id},
                                  {"budget", limit.subject},
                                  {"estimate_nano_usd", amount.value}});
            turn.rooms.metrics.budget_refusals.add();
            co_return core::Fault{core::FaultCode::quota_exceeded, {}, "budget"};
        }
        turn.claims.holds.push_back(std::move(*hold));
    }
    co_return core::Result<>();
}

void charge_budget(Turn& turn, const usage::UsageRecord& record)
{
    for (state::Hold& hold : turn.claims.holds)
        hold.charge({record.response_uid, record.cost});
}

} // namespace turngate::gateway
