#include "continuity.hpp"

#include "turngate/telemetry/log.hpp"

namespace turngate::gateway {

net::Task<core::Result<Route>> resolve(Turn& turn)
{
    const std::string& parent = turn.create.previous_response_id;
    turn.parent = turn.create.has_conversation ? ParentKind::stored : ParentKind::none;
    if (parent.empty())
        co_return Route{};
    const auto binding = co_await turn.rooms.store.find_response(turn.session.tenant, parent);
    if (!binding) {
        if (turn.snapshot->config->continuity.unknown_parent == config::UnknownParent::forward)
            co_return Route{};
        co_return core::Fault{core::FaultCode::parent_not_found, {}, "resolve"};
    }
    turn.parent = binding->store ? ParentKind::stored : ParentKind::chained;
    turn.parent_context_tokens = binding->context_tokens;
    const auto parked = turn.rooms.pool.parked(turn.session.id);
    if (parked && parked->generation() == binding->connection)
        co_return Route{binding->account, true};
    if (binding->store)
        co_return Route{binding->account, false};
    co_return core::Fault{core::FaultCode::parent_not_found, {}, "its connection is gone"};
}

net::Task<> bind(Turn& turn, std::string response_id, std::int64_t context_tokens)
{
    if (response_id.empty())
        co_return;
    state::Binding binding;
    binding.account = turn.account->config.name;
    binding.connection = turn.connection;
    binding.store = turn.create.store;
    binding.context_tokens = context_tokens;
    co_await turn.rooms.store.bind_response(turn.session.tenant, response_id, std::move(binding));
}

} // namespace turngate::gateway
