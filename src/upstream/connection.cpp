#include "turngate/upstream/connection.hpp"

#include "turngate/telemetry/log.hpp"

#include <atomic>
#include <utility>

namespace turngate::upstream {
namespace {

std::atomic<std::uint64_t> last_generation{0};

} // namespace

Connection::Connection(net::Loop& loop,
                       std::shared_ptr<const accounts::Account> account,
                       net::Stream stream,
                       const net::WebSocketOptions& options,
                       PongTimeouts pong)
    : generation_(last_generation.fetch_add(1, std::memory_order_relaxed) + 1),
      account_(std::move(account)), dialed_at_(core::Clock::now()), pong_(pong),
      socket_(loop, std::move(stream), options)
{
    socket_.set_pong_timeout(pong_.parked);
}

Connection::~Connection() = default;

void Connection::attach(FrameSink& sink)
{
    sink_ = &sink;
    socket_.set_pong_timeout(pong_.in_turn);
}

void Connection::detach()
{
    sink_ = nullptr;
    socket_.set_pong_timeout(pong_.parked);
    if (socket_.is_paused())
        socket_.resume();
}

net::Task<net::Closing> Connection::run(std::string leftover)
{
    net::Closing closing = co_await socket_.run(*this, std::move(leftover));
    is_over_ = true;
    if (sink_)
        std::exchange(sink_, nullptr)->on_lost(closing);
    co_return closing;
}

void Connection::on_messages(std::span<const net::Frame> messages)
{
    if (sink_)
        sink_->on_frames(messages);
    else
        telemetry::log_debug("upstream event between turns dropped",
                             {{"connection", generation_}, {"messages", messages.size()}});
}

} // namespace turngate::upstream
