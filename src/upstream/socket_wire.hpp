#pragma once

#include "turngate/upstream/wire.hpp"

#include <utility>

namespace turngate::upstream {

// A WebSocket to the account.
class SocketWire final : public Wire, private net::WebSocket::Sink
{
public:
    SocketWire(net::Loop& loop, net::Stream stream, const net::WebSocketOptions& options)
        : socket_(loop, std::move(stream), options)
    {
    }

    net::Task<net::Closing> run(Wire::Sink& sink, std::string leftover) override
    {
        sink_ = &sink;
        return socket_.run(*this, std::move(leftover));
    }

    Transport transport() const noexcept override { return Transport::ws; }
    void ask(std::string_view create, const net::HttpHeaders&, std::string_view) override
    {
        send(create);
    }
    void send(std::string_view frame) override { socket_.send_text(frame); }
    bool is_open() const noexcept override { return socket_.is_open(); }
    bool is_congested() const noexcept override { return socket_.is_congested(); }
    void pause() override { socket_.pause(); }
    void resume() override { socket_.resume(); }
    bool is_paused() const noexcept override { return socket_.is_paused(); }
    void set_pong_timeout(std::chrono::milliseconds timeout) noexcept override
    {
        socket_.set_pong_timeout(timeout);
    }
    void close() override { socket_.close(1000, {}); }
    void abort() override { socket_.abort(); }
    std::uint64_t bytes_in() const noexcept override { return socket_.bytes_in(); }
    std::uint64_t bytes_out() const noexcept override { return socket_.bytes_out(); }

private:
    void on_messages(std::span<const net::Frame> messages) override { sink_->on_events(messages); }

    net::WebSocket socket_;
    Wire::Sink* sink_ = nullptr;
};

} // namespace turngate::upstream
