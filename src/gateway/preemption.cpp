#include "preemption.hpp"

#include "turn_price.hpp"

namespace turngate::gateway {

using core::Fault;
using core::FaultCode;

net::Task<std::optional<Fault>> cannot_preempt(Rooms& rooms,
                                               const SessionFacts& session,
                                               const WaitingTurn& by)
{
    const auto snapshot = rooms.snapshot;
    const auto principal = snapshot->keys.find(session.secret);
    if (!principal)
        co_return Fault{FaultCode::invalid_api_key, {}, "preempt"};
    if (is_unknown(*snapshot, *principal, by.create.model))
        co_return Fault{FaultCode::model_not_found, {}, "preempt"};
    const std::string& parent = by.create.previous_response_id;
    if (parent.empty() ||
        snapshot->config->continuity.unknown_parent == config::UnknownParent::forward)
        co_return std::nullopt;
    const auto known = co_await rooms.store.find_response(session.tenant, parent);
    if (known)
        co_return std::nullopt;
    co_return Fault{FaultCode::parent_not_found, {}, "preempt"};
}

} // namespace turngate::gateway
