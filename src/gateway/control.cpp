#include "control.hpp"

#include "attempt.hpp"
#include "budget.hpp"

#include "turngate/protocol/control_answer.hpp"

namespace turngate::gateway {
namespace {

using core::FaultCode;
using protocol::ClientEvent;
using protocol::ControlKind;
using protocol::Rejection;
using Refusal = std::optional<Rejection>;

std::string_view raw_input(const ClientEvent& event, std::string_view frame)
{
    const auto& at = event.at.input;
    return frame.substr(at.value_begin, at.value_end - at.value_begin);
}

Turn* running(Lanes& lanes, std::string_view response_id)
{
    return lanes.find_turn([&](const Turn& turn) { return turn.is_running(response_id); });
}

Rejection not_running(const ClientEvent& event, std::string_view param)
{
    return {FaultCode::invalid_request,
            "This response is not running.",
            std::string(param),
            event.stream_id};
}

Refusal not_supported(const Turn& turn)
{
    return Rejection{FaultCode::unsupported_event,
                     "The account of this response does not know this event.",
                     "type",
                     turn.create.stream_id};
}

Refusal send_up(Turn& turn, std::string_view frame, ControlKind kind)
{
    if (turn.attempt->relay.send_up(frame, kind))
        return std::nullopt;
    return Rejection{FaultCode::rate_limited,
                     "The upstream does not take more at the moment.",
                     "",
                     turn.create.stream_id};
}

bool knows_control_events(const Turn& turn)
{
    return turn.attempt->relay.knows_control_events();
}

void stop(Turn& turn)
{
    turn.stop.request({FaultCode::interrupted, {}, "the client's wish"});
}

// Its end was on the way, or still is: that is the answer. An error would be fatal to who asks
// (protocol.md sections 10.4 and 10.5).
bool has_just_ended(Lanes& lanes, std::string_view response_id)
{
    return lanes.has_ended(response_id) || lanes.find_turn([&](const Turn& turn) {
        return turn.attempt && turn.attempt->is_sent() &&
               turn.attempt->relay.response().id == response_id;
    });
}

// The upstream has lost it, and its turn is being tried again: what the client wants stopped is the
// turn.
Turn* trying_again(Lanes& lanes, std::string_view response_id)
{
    return lanes.find_turn([&](const Turn& turn) {
        return turn.has_begun(response_id) && !turn.is_running(response_id);
    });
}

void interrupt_here(Turn& turn, const ClientEvent& event, ClientOutput& client)
{
    client.send(protocol::interrupt_accepted_event(event.response_id, turn.lane_name()));
    stop(turn);
}

Refusal interrupt(Lanes& lanes,
                  const ClientEvent& event,
                  std::string_view frame,
                  ClientOutput& client)
{
    if (Turn* turn = running(lanes, event.response_id)) {
        if (knows_control_events(*turn))
            return send_up(*turn, frame, ControlKind::interrupt);
        interrupt_here(*turn, event, client);
        return std::nullopt;
    }
    if (has_just_ended(lanes, event.response_id))
        return std::nullopt;
    if (Turn* turn = trying_again(lanes, event.response_id)) {
        interrupt_here(*turn, event, client);
        return std::nullopt;
    }
    return not_running(event, "response_id");
}

Refusal steer(Lanes& lanes, const ClientEvent& event, std::string_view frame, ClientOutput& client)
{
    Turn* turn = running(lanes, event.previous_response_id);
    const std::string_view input = raw_input(event, frame);
    if (!turn) {
        client.send(protocol::steer_failed_event("response_not_found",
                                                 "This response is not running.",
                                                 input,
                                                 event.previous_response_id,
                                                 {}));
        return std::nullopt;
    }
    if (!knows_control_events(*turn))
        return not_supported(*turn);
    if (has_used_its_hold(*turn)) {
        client.send(protocol::steer_failed_event("insufficient_quota",
                                                 "What this turn may cost is used up.",
                                                 input,
                                                 event.previous_response_id,
                                                 turn->lane_name()));
        return std::nullopt;
    }
    if (turn->attempt->relay.steering().is_full()) {
        client.send(protocol::steer_failed_event("too_many_pending_steers",
                                                 "Earlier input waits to be taken.",
                                                 input,
                                                 event.previous_response_id,
                                                 turn->lane_name()));
        return std::nullopt;
    }
    if (auto refusal = send_up(*turn, frame, ControlKind::steer))
        return refusal;
    turn->attempt->relay.steering().submit(input, event.previous_response_id);
    return std::nullopt;
}

Refusal inject(Lanes& lanes, const ClientEvent& event, std::string_view frame, ClientOutput& client)
{
    Turn* turn = running(lanes, event.response_id);
    if (!turn) {
        client.send(protocol::inject_failed_event("response_not_found",
                                                  "This response is not running.",
                                                  raw_input(event, frame),
                                                  event.response_id,
                                                  {}));
        return std::nullopt;
    }
    if (!knows_control_events(*turn))
        return not_supported(*turn);
    auto refusal = send_up(*turn, frame, ControlKind::inject);
    if (!refusal)
        turn->attempt->relay.response().items.spoil();
    return refusal;
}

// Of the response it names, else of its lane.
Refusal cancel(Lanes& lanes, const ClientEvent& event)
{
    const std::string lane = event.stream_id.value_or("");
    Turn* turn = lanes.find_turn([&](const Turn& candidate) {
        return event.response_id.empty() ? candidate.lane_name() == lane
                                         : candidate.has_begun(event.response_id);
    });
    if (!turn)
        return not_running(event, event.response_id.empty() ? "" : "response_id");
    stop(*turn);
    return std::nullopt;
}

} // namespace

Refusal control(Lanes& lanes,
                const ClientEvent& event,
                std::string_view frame,
                ClientOutput& client)
{
    switch (event.type) {
    case protocol::ClientEventType::interrupt:
        return interrupt(lanes, event, frame, client);
    case protocol::ClientEventType::steer:
        return steer(lanes, event, frame, client);
    case protocol::ClientEventType::inject:
        return inject(lanes, event, frame, client);
    case protocol::ClientEventType::cancel:
        return cancel(lanes, event);
    case protocol::ClientEventType::create:
    case protocol::ClientEventType::processed:
        return std::nullopt;
    }
    return std::nullopt;
}

} // namespace turngate::gateway
