#include "resend.hpp"

#include "resolve.hpp"

#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

// What is asked for is an answer to its input and nothing else, and there is what it may stand on.
bool may_be_resent(const Turn& turn)
{
    const protocol::ClientEvent& create = turn.create;
    return turn.snapshot->config->continuity.shorten_resends && turn.context.parent_id.empty() &&
           !turn.is_aside() && create.at.input && create.generate && !create.has_conversation &&
           !create.has_prompt && !create.has_compaction && !create.has_compaction_trigger &&
           turn.lane.queued_input.empty() && chain_of(turn);
}

// Other sockets and calls of the session's key may have been further on the lane than this socket;
// a call has asked for it just now.
net::Task<std::string> last_response(const Turn& turn)
{
    if (!turn.session.is_named || turn.session.request_type != usage::RequestType::ws_v2)
        co_return turn.lane.last_response;
    const auto known = co_await turn.rooms.store.find_lane(turn.session.tenant, lane_key(turn));
    co_return known ? known->last_response : turn.lane.last_response;
}

} // namespace

net::Task<std::optional<Route>> shortened(Turn& turn)
{
    if (!may_be_resent(turn))
        co_return std::nullopt;
    const std::string last = co_await last_response(turn);
    if (last.empty())
        co_return std::nullopt;
    const auto binding = co_await turn.rooms.store.find_response(turn.session.tenant, last);
    const auto account = binding ? turn.snapshot->accounts.find(binding->account) : nullptr;
    if (!account || binding->connection == 0 || binding->lane != turn.lane_name() ||
        binding->store != (turn.create.store && account->config.stores))
        co_return std::nullopt;
    Route route{Route::How::shortened, binding->account, binding->connection};
    const auto where = turn.rooms.pool.whereabouts(lease_request(turn, route, account));
    const conversation::Chain* chain = chain_of(turn);
    if (where != upstream::Pool::Whereabouts::here || !chain)
        co_return std::nullopt;
    auto rest = chain->rest_of(raw_input(turn, turn.context), last, turn.create.model);
    if (!rest)
        co_return std::nullopt;
    telemetry::log_debug("resend is shortened",
                         {{"turn", turn.id}, {"parent", last}, {"bytes", rest->size()}});
    turn.shorter = Context{last, binding->context_tokens, std::move(rest), true};
    co_return std::move(route);
}

} // namespace turngate::gateway
