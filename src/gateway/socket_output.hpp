#pragma once

#include "client_output.hpp"

#include "turngate/net/websocket.hpp"

namespace turngate::gateway {

// A client that is at the other end of a WebSocket.
class SocketOutput final : public ClientOutput
{
public:
    explicit SocketOutput(net::WebSocket& socket) : socket_(socket) {}

    void forward(const net::Frame& frame) override;
    void send(std::string_view event) override { socket_.send_text(event); }
    void flush() override { socket_.flush(); }
    bool is_congested() const override { return socket_.is_congested(); }

private:
    net::WebSocket& socket_;
};

} // namespace turngate::gateway
