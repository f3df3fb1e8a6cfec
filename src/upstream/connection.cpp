#include "turngate/upstream/connection.hpp"

#include "socket_wire.hpp"

#include <atomic>
#include <exception>

namespace turngate::upstream {
namespace {

std::atomic<std::uint64_t> last_generation{0};

} // namespace

Connection::Connection(std::shared_ptr<const accounts::Account> account,
                       std::unique_ptr<Wire> wire,
                       PongTimeouts pong)
    : generation_(last_generation.fetch_add(1, std::memory_order_relaxed) + 1),
      account_(std::move(account)), dialed_at_(core::Clock::now()), pong_(pong),
      wire_(std::move(wire))
{
    ++account_->life->connections;
    wire_->set_pong_timeout(pong_.parked);
}

Connection::Connection(net::Loop& loop,
                       std::shared_ptr<const accounts::Account> account,
                       net::Stream stream,
                       const net::WebSocketOptions& options,
                       PongTimeouts pong)
    : Connection(
          std::move(account), std::make_unique<SocketWire>(loop, std::move(stream), options), pong)
{
}

Connection::~Connection()
{
    stop_counting();
}

bool Connection::is_aged(core::Deadline now) const noexcept
{
    const auto max_age = account_->config.max_age;
    return max_age.count() > 0 && !is_http() && now - dialed_at_ >= max_age;
}

void Connection::attach(FrameSink& sink, std::string_view lane)
{
    if (closing_) {
        sink.on_lost(*closing_); // it ended with its handshake, before anybody could listen
        return;
    }
    routes_.attach(sink, lane);
    wire_->set_pong_timeout(pong_.in_turn);
}

void Connection::detach(FrameSink& sink)
{
    routes_.detach(sink);
    left();
}

void Connection::abandon(FrameSink& sink, std::string_view response_id)
{
    if (is_http()) { // to close is to cancel (http.md section 6.5)
        routes_.detach(sink);
        if (!wire_->is_idle())
            abort();
        return;
    }
    routes_.abandon(sink, response_id);
    left();
}

void Connection::left()
{
    if (!routes_.is_attached())
        wire_->set_pong_timeout(pong_.parked);
    if (wire_->is_paused())
        wire_->resume(); // whoever else cannot take more says so again
}

void Connection::ask(std::string_view create,
                     const net::HttpHeaders& headers,
                     std::string_view below)
{
    is_ended_ = false;
    wire_->ask(create, headers, below);
}

void Connection::note_ended(std::string_view response_id)
{
    is_ended_ = true;
    routes_.note_ended(response_id);
}

void Connection::close()
{
    stop_counting();
    wire_->close();
}

void Connection::abort()
{
    stop_counting();
    wire_->abort();
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
        closing = co_await wire_->run(*this, std::move(leftover));
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

void Connection::on_events(std::span<const net::Frame> events)
{
    routes_.hand_out(events);
}

void Connection::on_answered()
{
    if (!is_ended_) // and no end can come any more
        routes_.lose({});
}

} // namespace turngate::upstream
