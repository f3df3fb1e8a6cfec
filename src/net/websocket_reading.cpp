#include "turngate/net/websocket.hpp"

#include "turngate/protocol/close_code.hpp"

#include <exception>

// How a WebSocket reads: from the poller's edge to its sink.
namespace turngate::net {
namespace {

// So little of an unfinished message is never refused: whoever sends small ones need not suffer
// from those who fill the budget.
constexpr std::size_t kAlwaysHeld = 64 * 1024;

} // namespace

void WebSocket::on_ready(std::uint32_t events)
{
    try {
        write_queue(); // on any edge: TLS may wait for bytes before it can write, and the other way
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            is_hung_up_ = true;
        const bool is_readable =
            stream_.is_tls() || (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0;
        if (ended_ || !is_readable)
            return;
        if (paused_)
            readable_ = true;
        else
            read_available();
    } catch (...) {
        bug_ = std::current_exception(); // of the sink: ends this connection, not the loop
        end();
    }
}

// An edge is told once, so this reads to the end; but not more than a few buffers before others
// have their turn.
void WebSocket::read_available()
{
    constexpr int kReadsInARow = 4;
    for (int i = 0; i < kReadsInARow; ++i) {
        const auto direct = discards_ ? std::span<char>() : parser_.direct_space();
        const auto into = direct.empty() ? loop_.read_buffer() : direct;
        const IoResult read = stream_.try_read(into);
        if (read.state == IoState::failed)
            lose(read.error);
        if (read.state != IoState::done)
            return; // TLS that wants to write first is told by the next edge
        took(into.first(read.size), !direct.empty());
        if (ended_)
            return;
        if (paused_) {
            readable_ = true;
            return;
        }
        // A short read of a plain socket has emptied it (epoll(7)), unless an end is behind the
        // data.
        if (read.size < into.size() && !stream_.is_tls() && !is_hung_up_)
            return;
    }
    loop_.poller().again(*this);
}

void WebSocket::took(std::span<char> bytes, bool is_direct)
{
    heard_ = true;
    bytes_in_ += bytes.size();
    if (discards_)
        return;
    auto& frames = loop_.frames();
    if (!is_direct) {
        received(bytes, frames);
        return;
    }
    frames.clear();
    const auto result = parser_.filled(bytes.size(), frames);
    parsed(result, frames);
}

void WebSocket::received(std::span<char> bytes, std::vector<Frame>& frames)
{
    frames.clear();
    const auto result = parser_.feed(bytes, frames);
    parsed(result, frames);
}

// Frames before a violation are delivered: nothing that came in order is lost.
void WebSocket::parsed(const boost::system::result<void, FrameFault>& result,
                       std::span<const Frame> frames)
{
    is_unfinished_ = parser_.is_partial();
    const bool is_held = holds_unfinished(); // before they are delivered: they hold it no more
    deliver(frames);
    parser_.release_delivered();
    if (!result && !ended_)
        on_violation(result.error());
    else if (!is_held && !ended_ && !discards_)
        on_violation({protocol::try_again_later, "too much is unfinished"});
    if (discards_)
        forget_unfinished();
}

bool WebSocket::holds_unfinished()
{
    if (!options_.unfinished)
        return true;
    const std::size_t bytes = is_unfinished_ ? parser_.memory() : 0;
    return bytes == unfinished_.bytes() || unfinished_.resize(bytes) || bytes <= kAlwaysHeld;
}

// Nothing more is parsed.
void WebSocket::forget_unfinished()
{
    is_unfinished_ = false;
    parser_ = FrameParser(options_.role, options_.limits);
    unfinished_.resize(0);
}

void WebSocket::on_violation(const FrameFault& fault)
{
    sink_->on_violation(fault);
    flush();
    close(fault.close_code, fault.what);
    closing_ = Closing{Closing::By::violation, fault.close_code, fault.what, {}};
    discards_ = true;
}

void WebSocket::deliver(std::span<const Frame> frames)
{
    const auto is_message = [](const Frame& frame) {
        return frame.opcode == Opcode::text || frame.opcode == Opcode::binary;
    };
    while (!frames.empty() && !ended_) {
        std::size_t messages = 0;
        while (messages < frames.size() && is_message(frames[messages]))
            ++messages;
        has_finished_ = has_finished_ || messages > 0;
        if (messages > 0 && !close_sent_)
            sink_->on_messages(frames.first(messages));
        frames = frames.subspan(messages);
        if (!frames.empty()) {
            on_control(frames.front());
            frames = frames.subspan(1);
        }
    }
}

void WebSocket::on_control(const Frame& frame)
{
    if (ended_)
        return;
    if (frame.opcode == Opcode::ping) {
        // Who pings and does not read gets no answers to keep (RFC 6455 5.5.3 asks for the last
        // one's only).
        if (!close_sent_ && !is_congested())
            send_frame(Opcode::pong, std::span(&frame.payload, 1));
    } else if (frame.opcode == Opcode::close) {
        const auto reason = read_close(frame.payload);
        if (!reason) {
            on_violation(reason.error());
            return;
        }
        if (!close_sent_) {
            const bool has_code = reason->code != protocol::no_status;
            const auto echo = has_code ? reason->code : std::uint16_t{protocol::normal};
            const std::string payload = close_payload(echo, {});
            const std::string_view view = payload;
            send_frame(Opcode::close, std::span(&view, 1));
        }
        if (!closing_)
            closing_ = Closing{Closing::By::peer, reason->code, std::string(reason->reason), {}};
        end();
    }
}

} // namespace turngate::net
