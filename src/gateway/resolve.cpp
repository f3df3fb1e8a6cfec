#include "resolve.hpp"

#include "resend.hpp"
#include "steering.hpp"

#include "turngate/conversation/chain_item.hpp"
#include "turngate/conversation/sealed_context.hpp"
#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using core::Fault;
using core::FaultCode;
using core::Result;
using How = Route::How;

bool forwards_unknown(const Turn& turn)
{
    return turn.snapshot->config->continuity.unknown_parent == config::UnknownParent::forward;
}

bool is_on_socket(const Turn& turn)
{
    return turn.session.request_type == usage::RequestType::ws_v2;
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
    if (is_on_socket(turn)) // over HTTP the client says it
        turn.lane.turn_state = std::move(known->turn_state);
}

// Tool outputs and their parent are one unit: outputs of calls that the lane's last response left
// open belong to it. A compaction is the beginning of its own conversation.
bool may_lack_parent(const Turn& turn)
{
    const protocol::ClientEvent& create = turn.create;
    return create.previous_response_id.empty() && !create.has_conversation &&
           !create.has_compaction && !create.tool_output_call_ids.empty() &&
           !carries_own_calls(create) && !turn.lane.last_response.empty();
}

net::Task<> find_parent(Turn& turn)
{
    turn.context.parent_id = turn.create.previous_response_id;
    if (turn.create.tool_output_call_ids.empty() && is_on_socket(turn))
        turn.lane.turn_state.clear(); // it was the last user turn's; over HTTP the client knows
    if (!may_lack_parent(turn))
        co_return;
    const std::string& last = turn.lane.last_response;
    const auto known = co_await turn.rooms.store.find_response(turn.session.tenant, last);
    if (!known || !conversation::are_among(turn.create.tool_output_call_ids, known->pending_calls))
        co_return;
    turn.context.parent_id = last;
    turn.is_parent_inferred = true;
    telemetry::log_debug("parent added to tool outputs", {{"turn", turn.id}, {"parent", last}});
}

// A steer's input, which the upstream puts in front of this create's: rebuilt, it goes along.
void take_queued_input(Turn& turn)
{
    if (turn.lane.queued_input.empty() || turn.context.parent_id != turn.lane.queued_for)
        return;
    turn.context.input =
        join_inputs(std::exchange(turn.lane.queued_input, {}), raw_input(turn, turn.context));
}

// What a vendor keeps by account is the tenant's own, or refused (behaviour.md section 2).
net::Task<Result<>> check_ownership(const Turn& turn)
{
    if (forwards_unknown(turn))
        co_return Result<>();
    const std::string& compared = turn.create.comparison_response_id;
    if (!compared.empty()) {
        const auto own = co_await turn.rooms.store.find_response(turn.session.tenant, compared);
        if (!own)
            co_return Fault{FaultCode::parent_not_found, {}, "comparison_response_id"};
    }
    for (const std::string& container : turn.create.container_ids) {
        const auto own = co_await turn.rooms.store.find_response(turn.session.tenant, container);
        if (!own)
            co_return Fault{FaultCode::invalid_request, {}, "container"};
    }
    co_return Result<>();
}

// Who compacted the context, where that was on another loop or gateway.
net::Task<> learn_who_compacted(const Turn& turn)
{
    if (!turn.create.has_compaction)
        co_return;
    conversation::Chains& chains = turn.rooms.chains;
    const auto context =
        conversation::sealed_context(chains.reader(), raw_input(turn, turn.context));
    if (!context || chains.seals().sealed_by(chains.reader(), context->item))
        co_return;
    const auto known = co_await turn.rooms.store.find_response(turn.session.tenant, context->name);
    if (known)
        chains.seals().note(chains.reader(), {&context->item, 1}, known->account);
}

// The one account that can read the create's context, where that is one alone: what it compacted,
// or what may hang on something that only the account of the lane knows. Empty: any can.
std::string tied_to(const Turn& turn)
{
    const protocol::ClientEvent& create = turn.create;
    conversation::Chains& chains = turn.rooms.chains;
    if (create.has_compaction)
        return chains.seals()
            .bound_to(chains.reader(), raw_input(turn, turn.context))
            .value_or(std::string());
    const bool lacks_calls = !create.tool_output_call_ids.empty() && !carries_own_calls(create);
    return create.has_conversation || lacks_calls ? turn.lane.account : std::string();
}

// Without a parent that is known here: as it came, or as the rest of what is known.
net::Task<Routes> without_parent(Turn& turn)
{
    Routes routes;
    auto shorter = co_await shortened(turn);
    if (shorter)
        routes.add(std::move(*shorter));
    Route route;
    route.account = tied_to(turn);
    if (!turn.snapshot->accounts.find(route.account))
        route.account.clear();
    routes.add(std::move(route));
    co_return routes;
}

// Age is mended between turns, and a fork where lanes are connections would make its origin forget:
// then the parent's connection comes last.
Routes after_parent(const Turn& turn, const state::Binding& parent)
{
    using Whereabouts = upstream::Pool::Whereabouts;
    const auto account = turn.snapshot->accounts.find(parent.account);
    const Route here{How::here, parent.account, parent.connection};
    const auto where = account && parent.connection != 0
                           ? turn.rooms.pool.whereabouts(lease_request(turn, here, account))
                           : Whereabouts::gone;
    const bool is_fork = account && !account->config.lanes && parent.connection != 0 &&
                         parent.lane != turn.lane_name();
    const bool is_first = where == Whereabouts::here && !is_fork;
    Routes routes;
    if (parent.store && account) // also there, unless another of the key's sessions has it
        routes.add({How::by_id, parent.account, is_first ? parent.connection : 0});
    else if (is_first)
        routes.add(here);
    const conversation::Chain* chain = chain_of(turn);
    if (chain && (chain->knows(turn.context.parent_id) || turn.create.has_compaction)) {
        if (account)
            routes.add({How::rebuilt, parent.account});
        routes.add({How::rebuilt});
    }
    if (where != Whereabouts::gone && !is_first)
        routes.add(here);
    return routes;
}

} // namespace

std::string lane_key(const Turn& turn)
{
    return turn.session.key.hex() + "/" + std::string(turn.lane_name());
}

bool carries_own_calls(const protocol::ClientEvent& create)
{
    return conversation::are_among(create.tool_output_call_ids, create.tool_call_ids);
}

const Context& context_of(const Turn& turn, const Route& route) noexcept
{
    return route.how == How::shortened ? *turn.shorter : turn.context;
}

std::string_view raw_input(const Turn& turn, const Context& context) noexcept
{
    if (context.input)
        return *context.input;
    const protocol::FieldSpan& at = turn.create.at.input;
    return at ? std::string_view(turn.frame).substr(at.value_begin, at.value_end - at.value_begin)
              : std::string_view();
}

const conversation::Chain* chain_of(const Turn& turn)
{
    return turn.rooms.chains.find(turn.session.key);
}

bool is_context_whole(const Turn& turn, std::string_view account)
{
    const conversation::Chain* chain = chain_of(turn);
    const std::string& parent = turn.context.parent_id;
    return chain && (chain->is_complete(parent, {}) || chain->is_complete(parent, account));
}

// Of what will go up there. What edits add beside a context is little: a model, an id, a token.
std::uint64_t create_bytes(const Turn& turn, const Route& route)
{
    const conversation::Chain* chain = route.how == How::rebuilt ? chain_of(turn) : nullptr;
    return turn.frame.size() + (chain ? chain->context_bytes(turn.context.parent_id) : 0);
}

upstream::LeaseRequest lease_request(const Turn& turn,
                                     const Route& route,
                                     std::shared_ptr<const accounts::Account> account)
{
    upstream::LeaseRequest request;
    request.session = turn.session.id;
    request.key = turn.session.key;
    request.lane = turn.lane_name();
    request.account = std::move(account);
    request.connection = route.connection;
    request.needs_that_connection = route.how == How::here || route.how == How::shortened;
    request.needs_new_one = turn.tries.anew;
    if (turn.is_aside() ||
        request.account->goes_by_http(core::Clock::now(), create_bytes(turn, route)))
        request.transport = upstream::Transport::http;
    return request;
}

net::Task<Result<Routes>> resolve(Turn& turn)
{
    co_await restore_lane(turn);
    co_await find_parent(turn);
    take_queued_input(turn);
    const auto owned = co_await check_ownership(turn);
    if (!owned)
        co_return owned.error();
    co_await learn_who_compacted(turn);
    const std::string& parent = turn.context.parent_id;
    if (parent.empty())
        co_return co_await without_parent(turn);
    const auto binding = co_await turn.rooms.store.find_response(turn.session.tenant, parent);
    if (!binding && forwards_unknown(turn))
        co_return co_await without_parent(turn);
    if (!binding)
        co_return Fault{FaultCode::parent_not_found, {}, "resolve"};
    turn.context.parent_tokens = binding->context_tokens;
    Routes routes = after_parent(turn, *binding);
    if (routes.empty())
        co_return Fault{FaultCode::parent_not_found, {}, "no route"};
    co_return routes;
}

} // namespace turngate::gateway
