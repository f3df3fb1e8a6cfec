#include "turngate/net/websocket.hpp"

#include "turngate/protocol/close_code.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace turngate::net {
namespace {

constexpr auto kCloseHandshake = std::chrono::seconds(1);
constexpr std::size_t kKeepQueue = 4096; // a drained queue larger than this is given back

// Compression keeps no state between messages, so one for all connections of a thread will do.
Deflater& thread_deflater()
{
    thread_local Deflater deflater;
    return deflater;
}

} // namespace

std::string_view name_of(Closing::By by) noexcept
{
    switch (by) {
    case Closing::By::peer:
        return "peer";
    case Closing::By::us:
        return "us";
    case Closing::By::lost:
        return "lost";
    case Closing::By::silent:
        return "silent";
    case Closing::By::violation:
        return "violation";
    }
    return "unknown";
}

WebSocket::WebSocket(Loop& loop, Stream stream, const WebSocketOptions& options)
    : loop_(loop), stream_(std::move(stream)), options_(options),
      parser_(options.role, options.limits), over_(loop), last_heard_(core::Clock::now()),
      last_ping_(last_heard_), write_progress_(last_heard_)
{
    if (options.deflate)
        parser_.enable_inflate();
    loop_.tick(*this);
}

WebSocket::~WebSocket() = default;

Task<Closing> WebSocket::run(Sink& sink, std::string leftover)
{
    sink_ = &sink;
    descriptor_ = stream_.leave_asio();
    if (!leftover.empty()) {
        try {
            std::vector<Frame> frames; // not the loop's: it may be in use where this was spawned
            received(leftover, frames);
        } catch (...) {
            bug_ = std::current_exception();
            end();
        }
    }
    if (!ended_) {
        loop_.poller().add(descriptor_, *this);
        if (stream_.has_buffered())
            loop_.poller().again(*this);
        co_await over_.wait_until(core::Deadline::max());
    }
    if (bug_)
        std::rethrow_exception(bug_);
    co_return closing_.value_or(Closing{});
}

void WebSocket::on_ready(std::uint32_t events)
{
    try {
        write_queue(); // on any edge: TLS may have waited for bytes before it could write, and the
                       // other way round
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
    deliver(frames);
    parser_.release_delivered();
    if (!result && !ended_)
        on_violation(result.error());
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

void WebSocket::forward(std::string_view wire)
{
    if (!is_open() || wire.empty())
        return;
    if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == wire.data())
        pieces_.back() = {pieces_.back().data(), pieces_.back().size() + wire.size()};
    else
        pieces_.push_back(wire);
}

void WebSocket::send_text(std::string_view payload)
{
    send_text(std::span(&payload, 1));
}

void WebSocket::send_text(std::span<const std::string_view> pieces)
{
    if (!is_open())
        return;
    if (options_.deflate && pieces.size() == 1 && pieces.front().size() >= kCompressFrom) {
        const std::string_view compressed = thread_deflater().deflate(pieces.front());
        send_frame(Opcode::text, std::span(&compressed, 1), true);
    } else {
        send_frame(Opcode::text, pieces);
    }
}

void WebSocket::ping()
{
    if (is_open())
        send_frame(Opcode::ping, {});
}

void WebSocket::send_frame(Opcode opcode, std::span<const std::string_view> pieces, bool compressed)
{
    flush();
    std::uint64_t size = 0;
    for (const std::string_view piece : pieces)
        size += piece.size();
    const FrameHeader header = make_header(options_.role, opcode, size, compressed);
    std::string bytes;
    bytes.resize(header.size + size);
    header.view().copy(bytes.data(), header.size);
    std::uint64_t offset = 0;
    for (const std::string_view piece : pieces) {
        copy_masked(piece, bytes.data() + header.size + offset, header.mask, offset);
        offset += piece.size();
    }
    write_out(std::move(bytes));
}

// Order: everything before it has been flushed. What does not fit becomes the queue without a
// second copy.
void WebSocket::write_out(std::string bytes)
{
    if (queued() > 0) {
        queue(bytes);
        return;
    }
    const IoResult written = stream_.try_write(bytes);
    bytes_out_ += written.size;
    if (written.state == IoState::done)
        return;
    queue_ = std::move(bytes);
    queue_head_ = written.size;
    note_stuck();
}

void WebSocket::flush()
{
    if (pieces_.empty())
        return;
    std::size_t written = 0;
    const bool is_queued = queued() > 0;
    if (!is_queued) {
        const IoResult result = stream_.try_write(pieces_);
        written = result.size;
        bytes_out_ += written;
    }
    for (std::string_view piece : pieces_) {
        const std::size_t skip = std::min(written, piece.size());
        written -= skip;
        piece.remove_prefix(skip);
        if (!piece.empty())
            queue(piece);
    }
    pieces_.clear();
    if (!is_queued && queued() > 0)
        note_stuck();
}

void WebSocket::queue(std::string_view bytes)
{
    if (ended_)
        return;
    queue_.append(bytes);
    was_congested_ = was_congested_ || is_congested();
}

// The queue has begun: the kernel says when there is room again.
void WebSocket::note_stuck()
{
    was_congested_ = was_congested_ || is_congested();
    write_progress_ = core::Clock::now();
}

void WebSocket::write_queue()
{
    if (queued() == 0 || ended_)
        return;
    const IoResult written = stream_.try_write(std::string_view(queue_).substr(queue_head_));
    queue_head_ += written.size;
    bytes_out_ += written.size;
    if (written.size > 0)
        write_progress_ = core::Clock::now();
    if (written.state == IoState::failed) {
        // The reader will see why; if it does not soon, the deadline ends it.
        queue_.clear();
        queue_head_ = 0;
        close_by_ = std::min(close_by_, core::Clock::now() + kCloseHandshake);
        resume();
    }
    after_write();
}

void WebSocket::after_write()
{
    if (queued() == 0) {
        queue_head_ = 0;
        queue_.clear();
        if (queue_.capacity() > kKeepQueue)
            std::string().swap(queue_);
    } else if (queue_head_ > options_.high_water / 2 && queue_head_ > queue_.size() / 2) {
        queue_.erase(0, queue_head_);
        queue_head_ = 0;
    }
    if (was_congested_ && queued() <= options_.high_water / 2) {
        was_congested_ = false;
        sink_->on_writable();
    }
}

void WebSocket::close(std::uint16_t code, std::string_view reason)
{
    if (!is_open())
        return;
    const std::string payload = close_payload(code, reason);
    const std::string_view view = payload;
    send_frame(Opcode::close, std::span(&view, 1));
    close_sent_ = true;
    closing_ = Closing{Closing::By::us, code, std::string(reason), {}};
    close_by_ = core::Clock::now() + kCloseHandshake;
    resume();
}

void WebSocket::abort()
{
    if (!closing_)
        closing_ = Closing{Closing::By::us, protocol::abnormal, {}, {}};
    end();
}

void WebSocket::lose(error_code error)
{
    if (!closing_)
        closing_ = Closing{Closing::By::lost, protocol::abnormal, {}, error};
    end();
}

// Whoever runs this connection is woken; nothing is read, written or told any more.
void WebSocket::end() noexcept
{
    if (std::exchange(ended_, true))
        return;
    if (descriptor_ >= 0)
        loop_.poller().remove(descriptor_, *this);
    stream_.close();
    over_.set();
}

void WebSocket::pause()
{
    paused_ = true;
}

void WebSocket::resume()
{
    if (paused_)
        ping_unanswered_ = false; // its answer may be among what was not read
    if (std::exchange(paused_, false) && std::exchange(readable_, false) && !ended_)
        loop_.poller().again(*this);
}

void WebSocket::on_tick(core::Deadline now)
{
    if (ended_)
        return;
    if (std::exchange(heard_, false)) {
        last_heard_ = now;
        ping_unanswered_ = false;
    }
    const bool is_stuck = queued() > 0 && now - write_progress_ > options_.write_timeout;
    const bool is_dead = ping_unanswered_ && !paused_ && now - last_ping_ > options_.pong_timeout;
    if (is_stuck || is_dead) {
        if (!closing_)
            closing_ = Closing{Closing::By::silent, protocol::abnormal, {}, asio::error::timed_out};
        abort();
    } else if (now >= close_by_) {
        abort();
    } else if (options_.ping_interval.count() > 0 && !paused_ &&
               now - last_ping_ >= options_.ping_interval) {
        if (!ping_unanswered_) {
            last_ping_ = now;
            ping_unanswered_ = true;
            ping();
        }
    }
}

} // namespace turngate::net
