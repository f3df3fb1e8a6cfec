#include "edits.hpp"

#include "header_policy.hpp"
#include "resolve.hpp"

#include "turngate/protocol/upstream_create.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using conversation::Seals;
using core::Result;
using protocol::Edits;
using How = Route::How;

constexpr std::string_view kSealed = "\"encrypted_content\"";

// The account knows no lanes: the name is put back on the way down.
bool takes_lane_off(const Turn& turn, const Attempt& attempt)
{
    return turn.create.at.stream_id && !attempt.connection->has_lanes();
}

// What goes up has none of it: the lane's name where the account knows none, and of HTTP
// `background`, which is ours to do.
Edits without_ours(const Turn& turn, const Attempt& attempt, protocol::FieldSpan parent)
{
    const auto& at = turn.create.at;
    const bool is_http = turn.session.request_type != usage::RequestType::ws_v2;
    const protocol::FieldSpan none;
    return protocol::remove_all(turn.frame,
                                {parent,
                                 takes_lane_off(turn, attempt) ? at.stream_id : none,
                                 is_http ? at.background : none});
}

void put_input(const Turn& turn, std::string input, Edits& edits)
{
    const auto& at = turn.create.at.input;
    if (at)
        protocol::add(edits, {at.value_begin, at.value_end, std::move(input)});
    else
        protocol::add(edits, protocol::insert_raw(turn.frame, "input", input));
}

// The whole context instead of a parent.
Result<Edited> rebuilt(const Turn& turn, const Attempt& attempt)
{
    using conversation::Sealed;
    const conversation::Chain* chain = chain_of(turn);
    auto input = chain ? chain->rebuild(turn.context.parent_id,
                                        raw_input(turn, turn.context),
                                        attempt.place.account->config.name,
                                        turn.tries.unsealed ? Sealed::none : Sealed::own)
                       : std::nullopt;
    if (!input)
        return core::Fault{core::FaultCode::parent_not_found, {}, "chain"};
    Edited edited;
    edited.is_sealed = input->find(kSealed) != input->npos;
    edited.edits = without_ours(turn, attempt, turn.create.at.previous_response_id);
    put_input(turn, std::move(*input), edited.edits);
    return edited;
}

// Reasoning that the account cannot read is left out of what the client sent (behaviour.md section
// 4). Nothing: the input goes as it is.
std::optional<std::string> readable_input(const Turn& turn,
                                          const Attempt& attempt,
                                          std::string_view input)
{
    conversation::Chains& chains = turn.rooms.chains;
    if (turn.tries.unsealed)
        return Seals::without_any(chains.reader(), input);
    return chains.seals().without_foreign(
        chains.reader(), input, attempt.place.account->config.name);
}

void put_parent(const Turn& turn, const std::string& parent, Edits& edits)
{
    const auto& at = turn.create.at.previous_response_id;
    protocol::add(edits,
                  at ? protocol::replace_with_string(at, parent)
                     : protocol::insert_string(turn.frame, "previous_response_id", parent));
}

Edited as_it_came(const Turn& turn, const Attempt& attempt)
{
    const bool is_shorter = attempt.place.route.how == How::shortened;
    const Context as_sent;
    const std::string_view input = raw_input(turn, is_shorter ? *turn.shorter : as_sent);
    Edited edited;
    edited.edits = without_ours(turn, attempt, {});
    if (turn.is_parent_inferred || is_shorter)
        put_parent(turn, context_of(turn, attempt.place.route).parent_id, edited.edits);
    edited.is_sealed = input.find(kSealed) != input.npos;
    auto readable = edited.is_sealed ? readable_input(turn, attempt, input) : std::nullopt;
    if (readable)
        edited.is_sealed = readable->find(kSealed) != readable->npos;
    else if (is_shorter)
        readable = input;
    if (readable)
        put_input(turn, std::move(*readable), edited.edits);
    return edited;
}

// The sticky token goes to a connection that has not heard it yet (behaviour.md section 4).
void replay_turn_state(const Turn& turn, const Attempt& attempt, Edits& edits)
{
    const bool is_known = !attempt.connection->is_http() && // where each request says it
                          turn.lane.turn_state_known_by == attempt.connection->generation();
    if (turn.lane.turn_state.empty() || turn.create.has_turn_state || is_known)
        return;
    const auto& at = turn.create.at;
    const std::string key(protocol::kTurnState);
    const std::string value = '"' + turn.lane.turn_state + '"';
    if (at.client_metadata)
        protocol::add(edits, protocol::insert_raw_into(at.client_metadata, key, value));
    else if (turn.frame.find("\"client_metadata\"") == turn.frame.npos) // null, or no object
        protocol::add(
            edits,
            protocol::insert_raw(turn.frame, "client_metadata", "{\"" + key + "\":" + value + "}"));
}

void make_request(const Turn& turn, const Attempt& attempt, Edited& edited)
{
    const config::Account& account = attempt.place.account->config;
    const protocol::HttpWants wants{account.stores,
                                    account.drop.fields,
                                    account.drop.tools,
                                    account.drop.items,
                                    !turn.is_aside()};
    auto made = protocol::http_body(protocol::apply(turn.frame, edited.edits), wants);
    edited.create = std::move(made.body);
    edited.headers = forwardable(turn.session.forward, account.forward_headers);
    for (const auto& [name, value] : made.headers)
        if (!edited.headers.has(name))
            edited.headers.add(name, value);
}

} // namespace

Result<Edited> edits_for(const Turn& turn, const Attempt& attempt)
{
    const auto& at = turn.create.at;
    Result<Edited> edited = Edited();
    if (attempt.place.route.how == How::rebuilt)
        edited = rebuilt(turn, attempt);
    else
        edited = as_it_came(turn, attempt);
    if (!edited)
        return edited;
    Edits& edits = edited->edits;
    if (!at.type) // left out, as behaviour.md section 2 allows; upstreams do not
        protocol::add(edits, protocol::insert_string(turn.frame, "type", "response.create"));
    if (at.model && attempt.place.model != turn.create.model)
        protocol::add(edits, protocol::replace_with_string(at.model, attempt.place.model));
    replay_turn_state(turn, attempt, edits);
    if (attempt.connection->is_http())
        make_request(turn, attempt, *edited);
    else if (!edits.empty())
        edited->create = protocol::apply(turn.frame, edits);
    return edited;
}

} // namespace turngate::gateway
