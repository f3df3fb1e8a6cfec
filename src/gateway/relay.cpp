#include "relay.hpp"

#include "loss.hpp"

#include "turngate/protocol/control_answer.hpp"

#include <algorithm>

namespace turngate::gateway {

using core::Clock;
using core::FaultCode;
using protocol::EventKind;

Relay::Relay(net::Loop& loop,
             ClientOutput& client,
             protocol::UpstreamEventReader& reader,
             telemetry::Counter pauses,
             Shown& shown,
             RelayRules rules)
    : client_(&client), reader_(reader), pauses_(pauses), shown_(shown), rules_(rules),
      changed_(loop), last_event_(Clock::now()), last_sign_(last_event_),
      last_keepalive_(last_event_), hold_(shown, rules.hold_lifecycle)
{
}

Relay::~Relay()
{
    abandon();
}

void Relay::attach(std::shared_ptr<upstream::Connection> connection,
                   std::string_view lane,
                   Response response)
{
    response_.emplace(std::move(response));
    connection_ = connection;
    lane_ = lane;
    translates_ = !lane.empty() && !connection->has_lanes();
    knows_control_events_ = connection->account().config.control_events && !connection->is_http();
    connection->attach(*this, translates_ ? std::string_view() : lane);
}

void Relay::detach()
{
    if (const auto connection = std::exchange(connection_, nullptr))
        connection->detach(*this);
}

void Relay::abandon()
{
    if (const auto connection = std::exchange(connection_, nullptr))
        connection->abandon(*this, response_->id);
}

// Called by the connection's reader. The views die with on_read_end().
void Relay::on_frames(std::span<const net::Frame> frames)
{
    has_heard_ = true;
    has_event_ = has_event_ || !frames.empty();
    for (const net::Frame& frame : frames) {
        if (frame.opcode != net::Opcode::text) {
            // No vendor sends any, and clients take it for an error (protocol.md sections 1, 10.3).
            lose({FaultCode::upstream_lost, {}, "binary message"});
            return;
        }
        if (!lane_.empty() && (translates_ || protocol::peek_stream_id(frame.payload).empty()))
            on_named(frame);
        else
            on_frame(frame);
    }
}

void Relay::on_named(const net::Frame& frame)
{
    std::string named;
    protocol::append_with_stream_id(named, frame.payload, lane_);
    on_frame(as_frame(named));
}

void Relay::on_frame(const net::Frame& frame)
{
    if (phase_ == Phase::over)
        return keep_early(frame);
    const EventKind kind = protocol::peek_kind(frame.payload);
    if (is_anothers(frame, kind)) {
        is_strange_ = true;
        return;
    }
    if (!response_->context.hides_parent || protocol::is_content(kind))
        on_event(frame, kind);
    else
        on_event(as_frame(protocol::without_parent(frame.payload)), kind);
}

void Relay::on_event(const net::Frame& frame, EventKind kind)
{
    switch (kind) {
    case EventKind::delta:
        response_->meter.count_delta(frame.payload);
        pass_content(frame);
        break;
    case EventKind::item_done:
        response_->meter.count_item();
        response_->items.add(protocol::peek_output_index(frame.payload),
                             protocol::peek_item(frame.payload));
        pass_content(frame);
        break;
    case EventKind::content:
        pass_content(frame);
        break;
    case EventKind::created:
        begin(frame);
        break;
    case EventKind::lifecycle:
        keep_news(frame);
        pass_news(frame);
        break;
    case EventKind::control:
    case EventKind::steer:
        on_answer(frame, kind);
        break;
    case EventKind::completed:
    case EventKind::failed:
    case EventKind::incomplete:
        end(frame, kind);
        break;
    case EventKind::error:
        on_error(frame);
        break;
    }
}

void Relay::on_read_end()
{
    if (!std::exchange(has_heard_, false))
        return; // it was all for other lanes
    client_->flush();
    last_sign_ = Clock::now(); // once a read
    if (!std::exchange(has_event_, false))
        return;
    last_event_ = last_sign_;
    response_->meter.end_read(last_event_);
    if (!connection_ || !client_->is_congested())
        return;
    if (!std::exchange(is_paused_, true))
        pauses_.add();
    connection_->pause(); // a neighbour that ended may have let it go on
}

void Relay::begin(const net::Frame& frame)
{
    response_->id = protocol::peek_response_id(frame.payload);
    shown_.last_begun = response_->id;
    if (connection_)
        connection_->note_begun();
    if (rules_.passes_rate_limits)
        pass_rate_limits();
    if (phase_ == Phase::between) {
        phase_ = Phase::running;
        changed_.wake();
    }
    pass_quiet(frame);
}

void Relay::end(const net::Frame& frame, EventKind kind)
{
    if (kind == EventKind::incomplete)
        dialogue_.answered(ControlKind::interrupt); // with or without `accepted` before it
    response_->end_kind = kind;
    response_->end.assign(frame.payload);
    phase_ = Phase::over;
    if (connection_) {
        const std::string_view named = protocol::peek_response_id(frame.payload);
        connection_->note_ended(named.empty() ? response_->id : named);
    }
    changed_.wake();
}

// What names another response is that one's end, and what comes before this one has begun is the
// rest of another (behaviour.md section 5).
bool Relay::is_anothers(const net::Frame& frame, EventKind kind) const
{
    if (protocol::is_content(kind))
        return !response_->has_begun() && connection_ && connection_->announces();
    if (!protocol::is_terminal(kind))
        return false;
    const std::string_view named = protocol::peek_response_id(frame.payload);
    if (named.empty() || response_->has_begun())
        return !named.empty() && named != response_->id;
    return connection_ && connection_->has_ended(named);
}

void Relay::on_error(const net::Frame& frame)
{
    if (!is_refusal(frame)) {
        end(frame, EventKind::error);
        return;
    }
    dialogue_.refused();
    pass_answer(frame);
}

// It answers a control event, and ends nothing.
bool Relay::is_refusal(const net::Frame& frame)
{
    const bool may_be = response_->has_begun() || phase_ == Phase::between;
    return may_be && dialogue_.awaits_answer() &&
           refuses_control(reader_.read_terminal(frame.payload, EventKind::error));
}

void Relay::on_answer(const net::Frame& frame, EventKind kind)
{
    if (kind == EventKind::steer)
        dialogue_.answered(reader_.read_steer(frame.payload));
    else if (const auto asked = protocol::control_answer(frame.payload))
        dialogue_.answered(*asked);
    pass_answer(frame);
}

// To a control event of the client: at once, though it is no content.
void Relay::pass_answer(const net::Frame& frame)
{
    release_held();
    to_client(frame);
    changed_.wake();
}

// Content. What the client has seen of it cannot be taken back.
void Relay::pass_content(const net::Frame& frame)
{
    release_held();
    response_->has_output = true;
    shown_.note(Seen::content, *client_);
    to_client(frame);
}

// Carries no content: held in order, as long as a failure could be mended unseen.
void Relay::pass_quiet(const net::Frame& frame)
{
    const auto held_until = hold_.until();
    if (hold_.keep(frame.payload)) {
        if (held_until != hold_.until())
            changed_.wake();
        return;
    }
    release_held();
    shown_.note(Seen::lifecycle, *client_);
    to_client(frame);
}

// Bytes that are not the upstream's own do not outlive the call.
void Relay::to_client(const net::Frame& frame)
{
    if (frame.is_brief)
        client_->send(frame.payload);
    else
        client_->forward(frame);
}

void Relay::on_lost(const net::Closing& closing)
{
    connection_.reset();
    lose(fault_of(closing, response_->has_output));
}

void Relay::lose(core::Fault fault)
{
    is_strange_ = true;
    if (!lost_)
        lost_ = fault;
    changed_.wake();
}

bool Relay::send_up(std::string_view frame, ControlKind kind)
{
    if (connection_->is_congested() || dialogue_.is_full())
        return false;
    dialogue_.ask(kind);
    connection_->send(frame);
    return true;
}

} // namespace turngate::gateway
