#pragma once

#include <cstdint>
#include <string_view>

namespace turngate::sim {

// What a session does to its connection; an interface so that sessions are tested without sockets.
class Line
{
public:
    virtual ~Line() = default;

    virtual void send(std::string_view event) = 0; // a text message; leaves soon
    virtual void send_binary(std::string_view message) = 0;
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    virtual void reset() = 0;  // RST
    virtual void end() = 0;    // FIN, no close frame
    virtual void freeze() = 0; // half-open: nothing in or out any more
    virtual void stop_pongs() = 0;
    virtual void read_slowly(unsigned bytes_per_second) = 0; // 0: not at all
    virtual bool is_open() const = 0;
    virtual bool is_congested() const = 0;
};

} // namespace turngate::sim
