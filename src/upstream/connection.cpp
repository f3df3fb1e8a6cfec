#include "turngate/upstream/connection.hpp"

#include "turngate/telemetry/log.hpp"

#include <atomic>
#include <utility>

namespace turngate::upstream {
namespace {

// Behaviour.md section 4: a parked connection has 5 s to answer a ping, a running turn's has 30 s.
constexpr auto kParkedPong = std::chrono::seconds(5);
constexpr auto kTurnPong = std::chrono::seconds(30);

std::atomic<std::uint64_t> last_generation{0};

} // namespace

Connection::Connection(net::Loop& loop,
                       std::shared_ptr<const accounts::Account> account,
                       net::Stream stream,
                       const net::WebSocketOptions& options)
    : generation_(last_generation.fetch_add(1, std::memory_order_relaxed) + 1),
      account_(std::move(account)),
      dialed_at_(core::Clock::now()),
      socket_(loop, std::move(stream), options)
{
    socket_.set_pong_timeout(kParkedPong);
}

Connection::~Connection() = default;

void Connection::attach(FrameSink& sink)
{
    sink_ = &sink;
    socket_.set_pong_timeout(kTurnPong);
}

void Connection::detach()
{
    sink_ = nullptr;
    socket_.set_pong_timeout(kParkedPong);
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
