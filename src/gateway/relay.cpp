#include "relay.hpp"

#include "turngate/protocol/close_code.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

using protocol::EventKind;

constexpr std::int64_t kBytesPerToken = 4;
constexpr std::uint64_t kMaxEarlyBytes = 1 << 20;

core::Fault fault_of(const net::Closing& closing)
{
    using core::FaultCode;
    if (closing.by == net::Closing::By::silent)
        return {FaultCode::upstream_timeout, closing.error, "upstream silent"};
    if (closing.code == protocol::service_restart || closing.code == protocol::try_again_later)
        return {FaultCode::upstream_restart, closing.error, "upstream restart"};
    return {FaultCode::upstream_lost, closing.error, "upstream lost"};
}

// How many bytes of a delta event are not its text.
std::uint64_t overhead_of(std::string_view frame)
{
    constexpr std::string_view kKey = "\"delta\":\"";
    const auto key = frame.find(kKey);
    if (key == std::string_view::npos)
        return frame.size();
    const auto begin = key + kKey.size();
    auto end = frame.find('"', begin);
    while (end != std::string_view::npos && frame[end - 1] == '\\')
        end = frame.find('"', end + 1);
    return frame.size() - (std::min(end, frame.size()) - begin);
}

} // namespace

Relay::Relay(net::Loop& loop,
             ClientOutput& client,
             protocol::UpstreamEventReader& reader,
             telemetry::Counter pauses)
    : client_(&client), reader_(reader), pauses_(pauses), over_(loop),
      last_event_(core::Clock::now())
{
}

Relay::~Relay()
{
    abandon();
}

void Relay::attach(std::shared_ptr<upstream::Connection> connection, std::string_view lane)
{
    connection_ = connection;
    lane_ = lane;
    translates_ = !lane.empty() && !connection->account().config.lanes;
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
        connection->abandon(*this);
}

// Called by the connection's reader. The views die with on_read_end().
void Relay::on_frames(std::span<const net::Frame> frames)
{
    has_heard_ = true;
    for (const net::Frame& frame : frames) {
        if (frame.opcode != net::Opcode::text)
            continue; // no vendor sends any, and clients take it for an error (protocol.md sections
                      // 1, 10.3)
        if (!lane_.empty() && (translates_ || protocol::peek_stream_id(frame.payload).empty()))
            on_translated(frame);
        else
            on_frame(frame);
    }
}

void Relay::on_translated(const net::Frame& frame)
{
    std::string named;
    protocol::append_with_stream_id(named, frame.payload, lane_);
    net::Frame translated;
    translated.opcode = frame.opcode;
    translated.payload = named;
    on_frame(translated);
}

void Relay::on_frame(const net::Frame& frame)
{
    if (over_.is_set()) {
        keep_early(frame);
        return;
    }
    const EventKind kind = protocol::peek_kind(frame.payload);
    switch (kind) {
    case EventKind::delta:
        count_delta(frame);
        pass(frame);
        break;
    case EventKind::item_done:
        has_content_now_ = true;
        keep_item(frame);
        pass(frame);
        break;
    case EventKind::content:
        pass(frame);
        break;
    case EventKind::control:
        note_answer(frame);
        pass(frame);
        break;
    case EventKind::steer:
        pass_steer(frame);
        break;
    case EventKind::created:
        has_created_ = true;
        created_.assign(frame.payload);
        if (std::exchange(is_between_, false))
            over_.wake();
        pass_lifecycle(frame);
        break;
    case EventKind::lifecycle:
        keep_news(frame);
        pass_lifecycle(frame);
        break;
    case EventKind::completed:
    case EventKind::failed:
    case EventKind::incomplete:
        end(frame, kind);
        break;
    case EventKind::error:
        if (is_refusal(frame))
            pass_refusal(frame);
        else
            end(frame, kind);
        break;
    }
}

void Relay::on_read_end()
{
    if (!std::exchange(has_heard_, false))
        return; // it was all for other lanes
    client_->flush();
    last_event_ = core::Clock::now(); // once a read
    if (has_content_now_ && !first_content_at_)
        first_content_at_ = last_event_;
    if (!connection_ || !client_->is_congested())
        return;
    if (!std::exchange(is_paused_, true))
        pauses_.add();
    connection_->pause(); // a neighbour that ended may have let it go on
}

void Relay::end(const net::Frame& frame, EventKind kind)
{
    if (kind == EventKind::incomplete)
        asked_.answered(ControlKind::interrupt); // with or without `accepted` before it
    terminal_kind_ = kind;
    terminal_.assign(frame.payload);
    over_.set();
}

// It answers a control event, and ends nothing.
bool Relay::is_refusal(const net::Frame& frame)
{
    if (!asked_.any() || (!has_created_ && !is_between_))
        return false;
    const auto error = reader_.read_terminal(frame.payload, EventKind::error);
    return error.status >= 400 && error.status < 500 && error.status != 429 &&
           error.error_code != "websocket_connection_limit_reached";
}

void Relay::pass_refusal(const net::Frame& frame)
{
    if (asked_.refused() == ControlKind::steer)
        steering_.on_answer(
            {.which = protocol::SteerStep::failed, .id = {}, .previous_response_id = {}});
    pass(frame);
    if (is_between_)
        over_.wake();
}

void Relay::note_answer(const net::Frame& frame)
{
    if (const auto kind = protocol::control_answer(frame.payload))
        asked_.answered(*kind);
}

// After the terminal event nothing belongs to this turn, but for what steering brings.
void Relay::keep_early(const net::Frame& frame)
{
    if (!steering_.is_open() || lost_)
        return;
    early_bytes_ += frame.payload.size();
    early_.emplace_back(frame.payload);
    if (early_bytes_ <= kMaxEarlyBytes)
        return;
    early_.clear(); // a successor with a hole in it is none
    lost_ = core::Fault{core::FaultCode::upstream_lost, {}, "too much of a successor"};
}

void Relay::pass_steer(const net::Frame& frame)
{
    const auto answer = reader_.read_steer(frame.payload);
    if (answer.which == protocol::SteerStep::accepted || answer.id.empty())
        asked_.answered(ControlKind::steer);
    steering_.on_answer(answer);
    pass(frame);
    if (is_between_)
        over_.wake();
}

// Of the account and the conversation, not of the response; a few a turn at most.
void Relay::keep_news(const net::Frame& frame)
{
    if (frame.payload.find("\"codex.rate_limits\"") != frame.payload.npos)
        rate_limits_ = frame.payload;
    const std::string_view state = protocol::peek_turn_state(frame.payload);
    if (!state.empty())
        turn_state_ = state;
}

void Relay::pass(const net::Frame& frame)
{
    if (!held_.empty())
        release_held();
    has_output_ = true;
    seen_ = Seen::content;
    to_client(frame);
}

void Relay::pass_lifecycle(const net::Frame& frame)
{
    if (seen_ != Seen::nothing || has_output_ || hold_.count() == 0) {
        seen_ = std::max(seen_, Seen::lifecycle);
        to_client(frame);
        return;
    }
    held_.emplace_back(frame.payload);
    if (hold_until_ == core::Deadline::max()) { // once a turn
        hold_until_ = core::Clock::now() + hold_;
        over_.wake();
    }
}

// Bytes that are not the upstream's own do not outlive the call.
void Relay::to_client(const net::Frame& frame)
{
    if (frame.wire.empty())
        client_->send(frame.payload);
    else
        client_->forward(frame);
}

void Relay::release_held()
{
    for (const std::string& event : held_)
        client_->send(event);
    if (!held_.empty())
        seen_ = std::max(seen_, Seen::lifecycle);
    held_.clear();
}

void Relay::start_anew()
{
    abandon();
    lost_.reset();
    held_.clear();
    has_output_ = is_paused_ = false;
    asked_ = {};
    early_.clear();
    early_bytes_ = 0;
    forget_response();
}

void Relay::forget_response()
{
    over_.reset();
    created_.clear();
    terminal_.clear();
    items_.clear();
    item_bytes_ = 0;
    has_all_items_ = true;
    has_created_ = false;
}

// On to a successor: its events are not held back, and counted by themselves.
void Relay::go_on()
{
    forget_response();
    seen_ = Seen::content;
    first_content_at_.reset();
    has_content_now_ = false;
    deltas_ = delta_bytes_ = 0;
    is_between_ = true;
    early_bytes_ = 0;
    for (const std::string& event : std::exchange(early_, {})) {
        net::Frame frame;
        frame.opcode = net::Opcode::text;
        frame.payload = event;
        on_frame(frame);
    }
    if (lost_)
        over_.set();
}

void Relay::count_delta(const net::Frame& frame)
{
    has_content_now_ = true;
    if (deltas_++ == 0)
        delta_overhead_ = overhead_of(frame.payload);
    delta_bytes_ += frame.payload.size();
}

// Once for each item, not for each event.
void Relay::keep_item(const net::Frame& frame)
{
    const std::string_view item = protocol::peek_item(frame.payload);
    item_bytes_ += item.size();
    has_all_items_ = has_all_items_ && !item.empty() && item_bytes_ <= max_item_bytes_;
    if (has_all_items_)
        items_.emplace_back(item);
    else
        items_.clear();
}

std::int64_t Relay::estimated_output_tokens() const noexcept
{
    const std::uint64_t overhead = deltas_ * delta_overhead_;
    const std::uint64_t text = delta_bytes_ > overhead ? delta_bytes_ - overhead : 0;
    return (static_cast<std::int64_t>(text) + kBytesPerToken - 1) / kBytesPerToken;
}

void Relay::on_lost(const net::Closing& closing)
{
    connection_.reset();
    lost_ = fault_of(closing);
    over_.set();
}

void Relay::on_writable()
{
    if (std::exchange(is_paused_, false) && connection_)
        connection_->resume();
}

bool Relay::is_running(std::string_view response_id) const
{
    return connection_ && !over_.is_set() && has_created_ && this->response_id() == response_id;
}

bool Relay::send_up(std::string_view frame, ControlKind kind)
{
    if (connection_->is_congested() || asked_.is_full())
        return false;
    asked_.add(kind);
    connection_->send(frame);
    return true;
}

net::Task<core::Result<>> Relay::until_terminal(std::chrono::milliseconds between_events,
                                                net::Stop& stop)
{
    last_event_ = core::Clock::now();
    for (;;) {
        const auto silent_at = last_event_ + between_events;
        const bool is_over = co_await over_.wait_until(std::min(silent_at, hold_until_), stop);
        if (!terminal_.empty())
            co_return core::Result<>(); // whatever came after it, the turn is complete
        if (stop.requested())
            co_return stop.reason();
        if (is_over)
            co_return lost_.value();
        const auto now = core::Clock::now();
        if (now >= hold_until_) {
            hold_until_ = core::Deadline::max();
            hold_ = std::chrono::milliseconds(0); // from here on lifecycle passes
            release_held();
            client_->flush();
        }
        if (is_paused_)
            last_event_ = now; // it is the client that is slow; its own timeout watches it
        else if (now >= last_event_ + between_events)
            co_return core::Fault{core::FaultCode::upstream_timeout, {}, "no event"};
    }
}

net::Task<core::Result<bool>> Relay::until_successor(core::Deadline deadline, net::Stop& stop)
{
    go_on();
    while (!has_created_ && !over_.is_set() && steering_.is_open()) {
        co_await over_.wait_until(deadline, stop);
        if (stop.requested() || core::Clock::now() >= deadline)
            break;
    }
    is_between_ = false;
    if (!has_created_ && !over_.is_set() && stop.requested())
        co_return stop.reason();
    if (over_.is_set() && terminal_.empty())
        co_return lost_.value();
    co_return has_created_ || over_.is_set();
}

} // namespace turngate::gateway
