#include "continuity.hpp"

#include "turngate/conversation/chain_item.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {
namespace {

std::string lane_key(const Turn& turn)
{
    return turn.session.key.hex() + "/" + std::string(turn.lane_name());
}

// A client that came back with its session key goes on where its lane stood.
net::Task<> restore_lane(Turn& turn)
{
    if (std::exchange(turn.lane.is_restored, true) || !turn.session.is_named)
        co_return;
    auto known = co_await turn.rooms.store.find_lane(turn.session.tenant, lane_key(turn));
    if (!known || !turn.lane.last_response.empty())
        co_return;
    turn.lane.last_response = std::move(known->last_response);
    turn.lane.account = std::move(known->account);
    turn.lane.turn_state = std::move(known->turn_state);
}

// Tool outputs and their parent are one unit: outputs of calls that the lane's last response left
// open belong to it.
net::Task<> find_parent(Turn& turn)
{
    turn.parent_id = turn.create.previous_response_id;
    const auto& outputs = turn.create.tool_output_call_ids;
    if (outputs.empty())
        turn.lane.turn_state.clear(); // it was the last user turn's
    if (!turn.parent_id.empty() || turn.create.has_conversation || outputs.empty() ||
        carries_own_calls(turn.create) || turn.lane.last_response.empty())
        co_return;
    const auto last =
        co_await turn.rooms.store.find_response(turn.session.tenant, turn.lane.last_response);
    if (!last || !conversation::are_among(outputs, last->pending_calls))
        co_return;
    turn.parent_id = turn.lane.last_response;
    turn.is_parent_inferred = true;
    telemetry::log_debug("parent added to tool outputs",
                         {{"turn", turn.id}, {"parent", turn.parent_id}});
}

// A steer's input, which the upstream puts in front of this create's: rebuilt, it goes along.
void take_queued_input(Turn& turn)
{
    if (turn.lane.queued_input.empty() || turn.parent_id != turn.lane.queued_for)
        return;
    turn.whole_input = join_inputs(std::exchange(turn.lane.queued_input, {}), raw_input(turn));
}

core::Result<Route> by_chain(Turn& turn)
{
    if (!rebuilt_input(turn, turn.parent_account)) {
        telemetry::log_debug("recovery skipped", {{"turn", turn.id}, {"why", "chain_incomplete"}});
        return core::Fault{core::FaultCode::parent_not_found, {}, "its connection is gone"};
    }
    turn.wants_rebuild = true;
    Route route;
    route.prefers = turn.parent_account;
    return route;
}

// Whether the parent's connection can take the turn, and should. Age is mended between turns while
// the chain can; a fork where lanes are connections would make its origin forget, unless nothing
// else is left.
bool should_stay(const Turn& turn, const state::Binding& parent)
{
    const auto account = turn.snapshot->accounts.find(parent.account);
    if (!account)
        return false;
    using Whereabouts = upstream::Pool::Whereabouts;
    const auto where = turn.rooms.pool.whereabouts(lease_request(turn, account, parent.connection));
    const bool is_fork = !account->config.lanes && parent.lane != turn.lane_name();
    if (where == Whereabouts::gone || (where == Whereabouts::here && !is_fork))
        return where == Whereabouts::here;
    return !rebuilt_input(turn, parent.account);
}

void add_to_chain(Turn& turn, const std::string& response_id)
{
    const bool is_whole =
        !turn.create.has_conversation && !turn.create.has_prompt && turn.relay.has_all_items();
    const conversation::ChainTurn chained{.response_id = response_id,
                                          .parent_id = turn.parent_id,
                                          .input = raw_input(turn),
                                          .outputs = turn.relay.items(),
                                          .account = turn.account->config.name,
                                          .is_whole = is_whole};
    turn.rooms.chains.add(turn.session.key, chained, turn.frame.size());
}

state::Binding binding_of(const Turn& turn)
{
    state::Binding binding;
    binding.account = turn.account->config.name;
    binding.lane = turn.lane_name();
    binding.pending_calls = conversation::calls_in(turn.rooms.items, turn.relay.items());
    return binding;
}

net::Task<> remember(Turn& turn, std::string response_id, state::Binding binding)
{
    turn.lane.last_response = response_id;
    turn.lane.last_context_tokens = binding.context_tokens;
    turn.lane.account = binding.account;
    if (!turn.relay.turn_state().empty())
        turn.lane.turn_state = turn.relay.turn_state();
    const std::string& tenant = turn.session.tenant;
    co_await turn.rooms.store.bind_response(tenant, response_id, std::move(binding));
    if (!turn.session.is_named || turn.is_left)
        co_return; // nobody can come back to it, or somebody has, and been further since
    state::LaneBinding lane{turn.lane.account, std::move(response_id), turn.lane.turn_state};
    co_await turn.rooms.store.bind_lane(tenant, lane_key(turn), std::move(lane));
}

} // namespace

bool carries_own_calls(const protocol::ClientEvent& create)
{
    return conversation::are_among(create.tool_output_call_ids, create.tool_call_ids);
}

std::string_view raw_input(const Turn& turn) noexcept
{
    if (turn.whole_input)
        return *turn.whole_input;
    const protocol::FieldSpan& at = turn.create.at.input;
    return at ? std::string_view(turn.frame).substr(at.value_begin, at.value_end - at.value_begin)
              : std::string_view();
}

std::optional<std::string> rebuilt_input(const Turn& turn, std::string_view account)
{
    const conversation::Chain* chain = turn.rooms.chains.find(turn.session.key);
    if (!chain || turn.parent_id.empty())
        return std::nullopt;
    return chain->rebuild(turn.parent_id, raw_input(turn), account);
}

upstream::LeaseRequest lease_request(const Turn& turn,
                                     std::shared_ptr<const accounts::Account> account,
                                     std::uint64_t connection)
{
    upstream::LeaseRequest request;
    request.session = turn.session.id;
    request.key = turn.session.key;
    request.lane = turn.lane_name();
    request.account = std::move(account);
    request.connection = connection;
    return request;
}

net::Task<core::Result<Route>> resolve(Turn& turn)
{
    if (turn.attempts == 1) {
        co_await restore_lane(turn);
        co_await find_parent(turn);
    }
    take_queued_input(turn);
    turn.parent = turn.create.has_conversation ? ParentKind::stored : ParentKind::none;
    Route route;
    route.prefers = turn.lane.account;
    if (turn.parent_id.empty())
        co_return route;
    const auto binding =
        co_await turn.rooms.store.find_response(turn.session.tenant, turn.parent_id);
    if (!binding) {
        if (turn.snapshot->config->continuity.unknown_parent == config::UnknownParent::forward)
            co_return route;
        co_return core::Fault{core::FaultCode::parent_not_found, {}, "resolve"};
    }
    turn.parent = binding->store ? ParentKind::stored : ParentKind::chained;
    turn.parent_account = binding->account;
    turn.parent_context_tokens = binding->context_tokens;
    if (turn.wants_rebuild)
        co_return by_chain(turn);
    const bool stays = should_stay(turn, *binding);
    if (!stays && !binding->store)
        co_return by_chain(turn);
    route.account = binding->account;
    route.connection = stays ? binding->connection : 0;
    route.needs_that_connection = !binding->store;
    co_return route;
}

net::Task<> bind(Turn& turn, std::string response_id, std::int64_t context_tokens)
{
    if (response_id.empty())
        co_return;
    add_to_chain(turn, response_id);
    state::Binding binding = binding_of(turn);
    binding.connection = turn.connection->generation();
    binding.store = turn.create.store;
    binding.context_tokens = context_tokens;
    co_await remember(turn, std::move(response_id), std::move(binding));
}

net::Task<> bind_interrupted(Turn& turn)
{
    const std::string response_id = turn.relay.response_id();
    if (response_id.empty())
        co_return;
    add_to_chain(turn, response_id);
    state::Binding binding = binding_of(turn);
    binding.store = false; // whatever the upstream made of it
    binding.context_tokens = turn.parent_context_tokens;
    co_await remember(turn, response_id, std::move(binding));
}

} // namespace turngate::gateway
