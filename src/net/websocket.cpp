#include "turngate/net/websocket.hpp"

#include "turngate/protocol/close_code.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace turngate::net {
namespace {

constexpr auto kCloseHandshake = std::chrono::seconds(1);

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
      parser_(options.role, options.limits), out_(stream_, options.high_water), over_(loop),
      last_heard_(core::Clock::now()), last_ping_(last_heard_), message_begun_(last_heard_)
{
    if (options.unfinished)
        unfinished_ = core::ByteBudget::Share(*options.unfinished);
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

void WebSocket::forward_text(std::string_view payload)
{
    constexpr std::size_t kCopied = 1024; // less is cheaper copied than as a piece of its own
    const bool is_masked = options_.role == Role::client;
    if (is_masked || (options_.deflate && payload.size() >= kCompressFrom)) {
        send_text(payload);
        return;
    }
    if (!is_open())
        return;
    out_.append(make_header(options_.role, Opcode::text, payload.size()).view());
    if (payload.size() <= kCopied)
        out_.append(payload);
    else
        out_.borrow(payload);
}

void WebSocket::ping()
{
    if (is_open())
        send_frame(Opcode::ping, {});
}

void WebSocket::send_frame(Opcode opcode, std::span<const std::string_view> pieces, bool compressed)
{
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
    out_.write(std::move(bytes));
}

void WebSocket::write_queue()
{
    if (ended_)
        return;
    const Outbox::Room room = out_.write_queue();
    if (room == Outbox::Room::fine)
        return;
    if (room == Outbox::Room::lost) {
        // The reader will see why; if it does not soon, the deadline ends it.
        close_by_ = std::min(close_by_, core::Clock::now() + kCloseHandshake);
        resume();
    }
    sink_->on_writable();
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
    // Known to 100 ms, without a look at the clock for each read.
    if (!is_unfinished_ || paused_ || std::exchange(has_finished_, false))
        message_begun_ = now;
    const bool is_endless =
        options_.message_timeout.count() > 0 && now - message_begun_ > options_.message_timeout;
    const bool is_stuck = out_.is_stuck(now, options_.write_timeout);
    const bool is_dead = ping_unanswered_ && !paused_ && now - last_ping_ > options_.pong_timeout;
    if (is_stuck || is_dead) {
        if (!closing_)
            closing_ = Closing{Closing::By::silent, protocol::abnormal, {}, asio::error::timed_out};
        abort();
    } else if (now >= close_by_) {
        abort();
    } else if (is_endless && is_open()) {
        on_violation({protocol::policy_violation, "a message took too long"});
        forget_unfinished();
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
