#include "turn_edits.hpp"

#include "continuity.hpp"

namespace turngate::gateway {
namespace {

using core::Result;
using protocol::Edits;

// The account knows no lanes: the name is put back on the way down.
bool takes_lane_off(const Turn& turn)
{
    return turn.create.at.stream_id && !turn.account->config.lanes;
}

// The whole context instead of a parent.
Result<Edits> rebuilt(const Turn& turn)
{
    const auto& at = turn.create.at;
    auto input = rebuilt_input(turn, turn.account->config.name);
    if (!input)
        return core::Fault{core::FaultCode::parent_not_found, {}, "chain"};
    Edits edits = protocol::remove_all(
        turn.frame,
        {at.previous_response_id, takes_lane_off(turn) ? at.stream_id : protocol::FieldSpan{}});
    if (at.input)
        protocol::add(edits, {at.input.value_begin, at.input.value_end, std::move(*input)});
    else
        protocol::add(edits, protocol::insert_raw(turn.frame, "input", *input));
    return edits;
}

Edits with_parent(const Turn& turn)
{
    const auto& at = turn.create.at;
    Edits edits;
    if (takes_lane_off(turn))
        edits = protocol::remove_all(turn.frame, {at.stream_id});
    if (!turn.is_parent_inferred)
        return edits;
    protocol::add(
        edits,
        at.previous_response_id
            ? protocol::replace_with_string(at.previous_response_id, turn.parent_id)
            : protocol::insert_string(turn.frame, "previous_response_id", turn.parent_id));
    return edits;
}

// The sticky token goes to a connection that has not heard it yet (behaviour.md section 4).
void replay_turn_state(const Turn& turn, Edits& edits)
{
    const bool is_known = turn.lane.turn_state_known_by == turn.connection->generation();
    if (turn.lane.turn_state.empty() || turn.create.has_turn_state || is_known)
        return;
    const auto& at = turn.create.at;
    const std::string key(protocol::kTurnState);
    const std::string value = '"' + turn.lane.turn_state + '"';
    if (at.client_metadata)
        protocol::add(edits, protocol::insert_raw_into(turn.frame, at.client_metadata, key, value));
    else if (turn.frame.find("\"client_metadata\"") == turn.frame.npos) // null, or no object
        protocol::add(
            edits,
            protocol::insert_raw(turn.frame, "client_metadata", "{\"" + key + "\":" + value + "}"));
}

} // namespace

Result<Edits> edits_for(const Turn& turn)
{
    const auto& at = turn.create.at;
    auto edits = turn.wants_rebuild ? rebuilt(turn) : with_parent(turn);
    if (!edits)
        return edits;
    if (!at.type) // left out, as behaviour.md section 2 allows; upstreams do not
        protocol::add(*edits, protocol::insert_string(turn.frame, "type", "response.create"));
    if (at.model && turn.upstream_model != turn.create.model)
        protocol::add(*edits, protocol::replace_with_string(at.model, turn.upstream_model));
    replay_turn_state(turn, *edits);
    return edits;
}

} // namespace turngate::gateway
