#include "relay.hpp"

#include "turngate/protocol/close_code.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

using protocol::EventKind;

constexpr std::int64_t kBytesPerToken = 4;

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

Relay::Relay(net::Loop& loop, ClientOutput& client, telemetry::Counter pauses)
    : client_(client), pauses_(pauses), over_(loop), last_event_(core::Clock::now())
{
}

Relay::~Relay()
{
    detach();
}

void Relay::attach(upstream::Connection& connection)
{
    connection_ = &connection;
    connection.attach(*this);
}

void Relay::detach()
{
    if (connection_)
        std::exchange(connection_, nullptr)->detach();
}

// Called by the connection's reader with all messages of one read. The views die with the call.
void Relay::on_frames(std::span<const net::Frame> frames)
{
    for (const net::Frame& frame : frames) {
        if (over_.is_set())
            break; // after the terminal event there is nothing that belongs to this turn
        if (frame.opcode != net::Opcode::text)
            continue; // no vendor sends any, and clients take it for an error (protocol.md sections
                      // 1, 10.3)
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
        case EventKind::steer:
        case EventKind::other:
            pass(frame);
            break;
        case EventKind::created:
            has_created_ = true;
            created_.assign(frame.payload);
            pass_lifecycle(frame);
            break;
        case EventKind::lifecycle:
            pass_lifecycle(frame);
            break;
        case EventKind::completed:
        case EventKind::failed:
        case EventKind::incomplete:
        case EventKind::error:
            terminal_kind_ = kind;
            terminal_.assign(frame.payload);
            over_.set();
            break;
        }
    }
    client_.flush();

    last_event_ = core::Clock::now(); // once a read
    if (has_content_now_ && !first_content_at_)
        first_content_at_ = last_event_;
    if (connection_ && !is_paused_ && client_.is_congested()) {
        is_paused_ = true;
        pauses_.add();
        connection_->pause();
    }
}

void Relay::pass(const net::Frame& frame)
{
    if (!held_.empty())
        release_held();
    has_output_ = true;
    seen_ = Seen::content;
    client_.forward(frame);
}

void Relay::pass_lifecycle(const net::Frame& frame)
{
    if (seen_ != Seen::nothing || has_output_ || hold_.count() == 0) {
        seen_ = std::max(seen_, Seen::lifecycle);
        client_.forward(frame);
        return;
    }
    held_.emplace_back(frame.payload);
    if (hold_until_ == core::Deadline::max()) { // once a turn
        hold_until_ = core::Clock::now() + hold_;
        over_.wake();
    }
}

void Relay::release_held()
{
    for (const std::string& event : held_)
        client_.send(event);
    if (!held_.empty())
        seen_ = std::max(seen_, Seen::lifecycle);
    held_.clear();
}

void Relay::start_anew()
{
    detach();
    over_.reset();
    lost_.reset();
    held_.clear();
    created_.clear();
    terminal_.clear();
    items_.clear();
    item_bytes_ = 0;
    has_all_items_ = true;
    has_created_ = has_output_ = is_paused_ = false;
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
    connection_ = nullptr;
    lost_ = fault_of(closing);
    over_.set();
}

void Relay::on_writable()
{
    if (std::exchange(is_paused_, false) && connection_)
        connection_->resume();
}

bool Relay::interrupt(std::string_view response_id,
                      std::string_view frame,
                      protocol::UpstreamEventReader& reader)
{
    if (!connection_ || over_.is_set() || !has_created_ ||
        reader.read_response_id(created_) != response_id)
        return false;
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
            client_.flush();
        }
        if (is_paused_)
            last_event_ = now; // it is the client that is slow; its own timeout watches it
        else if (now >= last_event_ + between_events)
            co_return core::Fault{core::FaultCode::upstream_timeout, {}, "no event"};
    }
}

} // namespace turngate::gateway
