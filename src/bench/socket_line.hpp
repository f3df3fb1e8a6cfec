#pragma once

#include "line.hpp"

#include "turngate/net/websocket.hpp"

#include <string>

namespace turngate::bench {

// A WebSocket: a message is an event, and the terminal one is an answer's end.
class SocketLine final : public Line, private net::WebSocket::Sink
{
public:
    SocketLine(net::Loop& loop, net::Dialed dialed);

    net::Task<> run(Line::Sink& sink) override;
    void ask(std::span<const std::string_view> create) override { socket_.send_text(create); }
    bool is_open() const noexcept override { return socket_.is_open(); }
    void close() override { socket_.close(1000, ""); }
    void abort() override { socket_.abort(); }

private:
    void on_messages(std::span<const net::Frame> messages) override;

    net::WebSocket socket_;
    std::string leftover_;
    Line::Sink* sink_ = nullptr;
};

} // namespace turngate::bench
