#pragma once

#include "act.hpp"
#include "client_event.hpp"

#include <cstdint>
#include <string_view>

namespace turngate::sim {

// What a session does to its connection; an interface so that sessions are tested without sockets.
class Line
{
public:
    virtual ~Line() = default;

    // Told before the first event of each response. `act` may be null.
    virtual void begin(const Create& create, const Act* act) { (void)create, (void)act; }
    virtual void send(std::string_view event) = 0; // a text message; leaves soon
    virtual void send_raw(std::string_view bytes)
    {
        send(bytes);
    } // no event where there is a choice
    // A refusal, or the end of a response. "$response" was filled in.
    virtual void send_error(const Error& error, std::string_view lane)
    {
        send(error_event(error, lane));
    }
    // A response has ended with this object; not by an error.
    virtual void conclude(std::string_view response) { (void)response; }
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
