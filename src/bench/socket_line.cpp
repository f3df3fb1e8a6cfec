#include "socket_line.hpp"

#include <utility>

namespace turngate::bench {
namespace {

constexpr std::uint64_t kMaxMessage = 64 << 20;

net::WebSocketOptions socket_options()
{
    net::WebSocketOptions options;
    options.role = net::Role::client;
    options.limits.max_message = kMaxMessage;
    options.ping_interval =
        std::chrono::milliseconds(0); // an idle client must cost its proxy nothing
    return options;
}

} // namespace

SocketLine::SocketLine(net::Loop& loop, net::Dialed dialed)
    : socket_(loop, std::move(dialed.stream), socket_options()),
      leftover_(std::move(dialed.leftover))
{
}

net::Task<> SocketLine::run(Line::Sink& sink)
{
    sink_ = &sink;
    co_await socket_.run(*this, std::move(leftover_));
}

void SocketLine::on_messages(std::span<const net::Frame> messages)
{
    const auto now = core::Clock::now(); // one look for all that one read brought
    for (const net::Frame& message : messages) {
        if (message.opcode != net::Opcode::text)
            sink_->on_oddity("a binary message");
        else if (sink_->on_event(message.payload, now))
            sink_->on_answered();
    }
}

} // namespace turngate::bench
