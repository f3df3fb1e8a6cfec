#include "turngate/upstream/connection.hpp"

#include <atomic>
#include <exception>

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
    ++account_->life->connections;
    socket_.set_pong_timeout(pong_.parked);
}

Connection::~Connection()
{
    stop_counting();
}

bool Connection::is_aged(core::Deadline now) const noexcept
{
    const auto max_age = account_->config.max_age;
    return max_age.count() > 0 && now - dialed_at_ >= max_age;
}

void Connection::attach(FrameSink& sink, std::string_view lane)
{
    if (closing_) {
        sink.on_lost(*closing_); // it ended with its handshake, before anybody could listen
        return;
    }
    routes_.attach(sink, lane);
    socket_.set_pong_timeout(pong_.in_turn);
}

void Connection::detach(FrameSink& sink)
{
    routes_.detach(sink);
    left();
}

void Connection::abandon(FrameSink& sink, std::string_view response_id)
{
    routes_.abandon(sink, response_id);
    left();
}

void Connection::left()
{
    if (!routes_.is_attached())
        socket_.set_pong_timeout(pong_.parked);
    if (socket_.is_paused())
        socket_.resume(); // whoever else cannot take more says so again
}

void Connection::close()
{
    stop_counting();
    socket_.close(1000, {});
}

void Connection::abort()
{
    stop_counting();
    socket_.abort();
}

void Connection::stop_counting() noexcept
{
    if (std::exchange(is_counted_, false))
        --account_->life->connections;
}

net::Task<net::Closing> Connection::run(std::string leftover)
{
    net::Closing closing;
    std::exception_ptr bug; // of one turn; the others must not wait for ever
    try {
        closing = co_await socket_.run(*this, std::move(leftover));
    } catch (...) {
        bug = std::current_exception();
    }
    closing_ = closing;
    stop_counting();
    routes_.lose(closing);
    if (bug)
        std::rethrow_exception(bug);
    co_return closing;
}

void Connection::on_messages(std::span<const net::Frame> messages)
{
    routes_.hand_out(messages);
}

} // namespace turngate::upstream
