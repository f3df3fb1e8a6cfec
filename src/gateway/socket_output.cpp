#include "socket_output.hpp"

namespace turngate::gateway {

net::WebSocketOptions client_options(const config::Config& config,
                                     core::ByteBudget& unfinished,
                                     bool deflate)
{
    net::WebSocketOptions options;
    options.role = net::Role::server;
    options.limits.max_message = config.limits.max_client_message;
    options.deflate = deflate;
    options.ping_interval = config.pool.ping_interval;
    options.pong_timeout = config.pool.ping_interval;
    options.write_timeout = config.relay.client_write_timeout;
    options.high_water = config.relay.max_buffer;
    options.message_timeout = config.limits.message_timeout;
    options.unfinished = &unfinished;
    return options;
}

void SocketOutput::forward(const net::Frame& frame)
{
    const bool compress =
        socket_.compresses() && frame.payload.size() >= net::WebSocket::kCompressFrom;
    if (frame.wire.empty() || compress)
        socket_.forward_text(frame.payload);
    else
        socket_.forward(frame.wire);
}

} // namespace turngate::gateway
