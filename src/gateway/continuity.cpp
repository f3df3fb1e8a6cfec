#include "continuity.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

bool is_among(const std::vector<std::string>& few, const std::vector<std::string>& all)
{
    return std::all_of(few.begin(), few.end(), [&](const std::string& one) {
        return std::find(all.begin(), all.end(), one) != all.end();
    });
}

// Tool outputs and their parent are one unit: outputs of calls that the lane's last response left
// open belong to it.
void find_parent(Turn& turn)
{
    turn.parent_id = turn.create.previous_response_id;
    const auto& outputs = turn.create.tool_output_call_ids;
    if (!turn.parent_id.empty() || turn.create.has_conversation || outputs.empty() ||
        carries_own_calls(turn.create))
        return;
    const Chain* chain = turn.rooms.chains.find(turn.session.key);
    if (!chain || !turn.lane_last || turn.lane_last->empty())
        return;
    if (!is_among(outputs, chain->pending_calls(*turn.lane_last)))
        return;
    turn.parent_id = *turn.lane_last;
    turn.is_parent_inferred = true;
    telemetry::log_debug("parent added to tool outputs",
                         {{"turn", turn.id}, {"parent", turn.parent_id}});
}

core::Result<Route> by_chain(Turn& turn)
{
    if (!rebuilt_input(turn, turn.parent_account)) {
        telemetry::log_debug("recovery skipped", {{"turn", turn.id}, {"why", "chain_incomplete"}});
        return core::Fault{core::FaultCode::parent_not_found, {}, "its connection is gone"};
    }
    turn.wants_rebuild = true;
    return Route{.account = {}, .prefers = turn.parent_account, .needs_parked = false};
}

} // namespace

bool carries_own_calls(const protocol::ClientEvent& create)
{
    return is_among(create.tool_output_call_ids, create.tool_call_ids);
}

std::string_view raw_input(const Turn& turn) noexcept
{
    const protocol::FieldSpan& at = turn.create.at.input;
    return at ? std::string_view(turn.frame).substr(at.value_begin, at.value_end - at.value_begin)
              : std::string_view();
}

std::optional<std::string> rebuilt_input(const Turn& turn, std::string_view account)
{
    const Chain* chain = turn.rooms.chains.find(turn.session.key);
    if (!chain || turn.parent_id.empty())
        return std::nullopt;
    return chain->rebuild(turn.parent_id, raw_input(turn), account);
}

net::Task<core::Result<Route>> resolve(Turn& turn)
{
    if (turn.attempts == 1)
        find_parent(turn);
    turn.parent = turn.create.has_conversation ? ParentKind::stored : ParentKind::none;
    if (turn.parent_id.empty())
        co_return Route{};
    const auto binding =
        co_await turn.rooms.store.find_response(turn.session.tenant, turn.parent_id);
    if (!binding) {
        if (turn.snapshot->config->continuity.unknown_parent == config::UnknownParent::forward)
            co_return Route{};
        co_return core::Fault{core::FaultCode::parent_not_found, {}, "resolve"};
    }
    turn.parent = binding->store ? ParentKind::stored : ParentKind::chained;
    turn.parent_account = binding->account;
    turn.parent_context_tokens = binding->context_tokens;
    if (turn.wants_rebuild)
        co_return by_chain(turn);
    const auto parked = turn.rooms.pool.parked(turn.session.id);
    if (parked && parked->generation() == binding->connection)
        co_return Route{.account = binding->account, .prefers = {}, .needs_parked = true};
    if (binding->store)
        co_return Route{.account = binding->account, .prefers = {}, .needs_parked = false};
    co_return by_chain(turn);
}

net::Task<> bind(Turn& turn, std::string response_id, std::int64_t context_tokens)
{
    if (response_id.empty())
        co_return;
    const ChainTurn chained{.response_id = response_id,
                            .parent_id = turn.parent_id,
                            .input = raw_input(turn),
                            .outputs = turn.relay.items(),
                            .account = turn.account->config.name,
                            .is_whole = !turn.create.has_conversation && !turn.create.has_prompt &&
                                        turn.relay.has_all_items()};
    turn.rooms.chains.add(turn.session.key, chained, turn.frame.size());
    if (turn.lane_last)
        *turn.lane_last = response_id;

    state::Binding binding;
    binding.account = turn.account->config.name;
    binding.connection = turn.connection;
    binding.store = turn.create.store;
    binding.context_tokens = context_tokens;
    co_await turn.rooms.store.bind_response(turn.session.tenant, response_id, std::move(binding));
}

} // namespace turngate::gateway
