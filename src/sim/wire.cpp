#include "wire.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace turngate::sim {
namespace {

constexpr auto kGoodbye = std::chrono::seconds(1);
constexpr auto kNap = std::chrono::milliseconds(100); // between slow reads

net::FrameLimits strict_limits()
{
    net::FrameLimits limits;
    limits.check_utf8 = true;
    return limits;
}

} // namespace

Wire::Wire(net::Loop& loop, net::Stream stream, Stats& stats)
    : loop_(loop), stream_(std::move(stream)), stats_(stats),
      parser_(net::Role::server, strict_limits()), awake_(loop), tasks_(loop)
{
    loop_.tick(*this);
}

Wire::~Wire() = default;

net::Task<End> Wire::run(Sink& sink, std::string leftover)
{
    sink_ = &sink;
    std::exception_ptr bug;
    try {
        if (!leftover.empty() && !ended_)
            take_in(leftover);
        co_await read();
    } catch (...) {
        bug = std::current_exception();
    }
    ended_ = true;
    stream_.close();
    co_await tasks_.join();
    if (bug)
        std::rethrow_exception(bug);
    co_return end_;
}

net::Task<> Wire::read()
{
    while (!ended_) {
        if (frozen_ || slow_)
            co_await pause_reading();
        if (ended_ || frozen_)
            continue;
        if (!stream_.has_buffered()) {
            const net::error_code error = co_await stream_.wait(net::Stream::Ready::read);
            if (ended_ || frozen_)
                continue;
            if (error) {
                lose(error);
                continue;
            }
        }
        const auto into = loop_.read_buffer().first(read_limit());
        const net::IoResult result = stream_.try_read(into);
        if (result.state == net::IoState::failed)
            lose(result.error);
        if (result.state == net::IoState::wants_write)
            co_await stream_.wait(net::Stream::Ready::write);
        if (result.state != net::IoState::done)
            continue;
        stats_.bytes_in += result.size;
        if (!leaving_ || end_.side == std::string_view("sim"))
            take_in(into.first(result.size));
    }
}

// Half-open: until the very end. Slow: a tenth of a second, or while nothing at all is to be read.
net::Task<> Wire::pause_reading()
{
    awake_.reset();
    const bool for_good = frozen_ || bytes_per_second_ == 0;
    const auto until = for_good ? core::Deadline::max() : core::Clock::now() + kNap;
    co_await awake_.wait_until(until);
}

std::size_t Wire::read_limit() const noexcept
{
    if (!slow_)
        return net::Loop::kReadBuffer;
    return std::clamp<std::size_t>(bytes_per_second_ / 10, 1, net::Loop::kReadBuffer);
}

void Wire::take_in(std::span<char> bytes)
{
    frames_.clear();
    const auto result = parser_.feed(bytes, frames_);
    for (const net::Frame& frame : frames_) {
        if (ended_ || frozen_)
            return;
        on_frame(frame);
    }
    parser_.release_delivered();
    if (!result && leaving_)
        ended_ = true;
    else if (!result && !ended_)
        on_violation(result.error().close_code, result.error().what);
    flush();
}

void Wire::on_frame(const net::Frame& frame)
{
    switch (frame.opcode) {
    case net::Opcode::text:
        if (is_open())
            sink_->on_message(frame.payload);
        break;
    case net::Opcode::ping:
        ++stats_.pings;
        if (pongs_ && is_open()) {
            queue(net::Opcode::pong, frame.payload);
            ++stats_.pongs;
        }
        break;
    case net::Opcode::close:
        on_close(frame.payload);
        break;
    case net::Opcode::pong:
        break;
    case net::Opcode::binary:
    case net::Opcode::continuation:
        on_violation(1003, "only text messages are understood");
        break;
    }
}

void Wire::on_close(std::string_view payload)
{
    const auto reason = net::read_close(payload);
    if (!reason)
        return on_violation(reason.error().close_code, reason.error().what);
    if (!leaving_) {
        end_ = {"client", "close", reason->code, std::string(reason->reason)};
        queue(net::Opcode::close,
              net::close_payload(reason->code == 1005 ? 1000 : reason->code, {}));
        flush();
    }
    ended_ = true;
}

void Wire::on_violation(std::uint16_t code, std::string_view what)
{
    if (leaving_)
        return;
    queue(net::Opcode::close, net::close_payload(code, what));
    leave({"client", "violation", code, std::string(what)});
}

void Wire::close(std::uint16_t code, std::string_view reason)
{
    if (!is_open())
        return;
    queue(net::Opcode::close, net::close_payload(code, reason));
    leave({"sim", "close", code, std::string(reason)});
}

// The peer gets all that was said, then has a second to answer.
void Wire::leave(End end)
{
    end_ = std::move(end);
    leaving_ = true;
    gone_by_ = core::Clock::now() + kGoodbye;
    flush();
}

void Wire::end()
{
    if (!is_open())
        return;
    leave({"sim", "eof", 1006, {}});
    ::shutdown(stream_.socket().native_handle(), SHUT_WR);
}

void Wire::reset()
{
    if (ended_)
        return;
    flush();
    end_ = {"sim", "reset", 1006, {}};
    ended_ = true;
    const linger now{1, 0};
    ::setsockopt(stream_.socket().native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    stream_.close();
    awake_.set();
}

void Wire::freeze()
{
    flush();
    frozen_ = true;
}

void Wire::read_slowly(unsigned bytes_per_second)
{
    slow_ = true;
    bytes_per_second_ = bytes_per_second;
    // Or the kernel would go on taking in what we do not read.
    const int smallest = 1;
    ::setsockopt(
        stream_.socket().native_handle(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest);
}

void Wire::lose(const net::error_code& error)
{
    if (!leaving_)
        end_ = {"client", error == net::asio::error::eof ? "eof" : "reset", 1006, {}};
    ended_ = true;
}

void Wire::on_tick(core::Deadline now)
{
    if (ended_)
        return;
    if (now < gone_by_) {
        sink_->on_clock(now);
        return;
    }
    ended_ = true;
    stream_.close();
    awake_.set();
}

} // namespace turngate::sim
