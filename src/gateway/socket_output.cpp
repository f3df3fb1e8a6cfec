#include "socket_output.hpp"

namespace turngate::gateway {

void SocketOutput::forward(const net::Frame& frame)
{
    const bool compress =
        socket_.compresses() && frame.payload.size() >= net::WebSocket::kCompressFrom;
    if (frame.wire.empty() || compress)
        socket_.send_text(frame.payload);
    else
        socket_.forward(frame.wire);
}

} // namespace turngate::gateway
