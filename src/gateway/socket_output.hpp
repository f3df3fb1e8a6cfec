#pragma once

#include "client_output.hpp"

#include "turngate/config/config.hpp"
#include "turngate/net/websocket.hpp"

namespace turngate::gateway {

// `unfinished`: what messages that are not whole yet hold, of all clients.
net::WebSocketOptions client_options(const config::Config& config,
                                     core::ByteBudget& unfinished,
                                     bool deflate);

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
