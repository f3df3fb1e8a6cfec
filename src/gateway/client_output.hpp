#pragma once

#include "turngate/net/frame.hpp"

#include <string>
#include <string_view>

namespace turngate::gateway {

// Where a turn's events go. Interface, because the process ends here.
class ClientOutput
{
public:
    // An upstream's message; the frame's views must stay valid until flush().
    virtual void forward(const net::Frame& frame) = 0;
    // A message of ours, or one that was kept.
    virtual void send(std::string_view event) = 0;
    virtual void flush() = 0;
    // More is queued than relay.max_buffer: stop reading what feeds it. `Turn::on_writable` says
    // when to go on.
    virtual bool is_congested() const = 0;
    // A header of the answer, where it has a head that is not sent yet. The last one of a name
    // counts.
    virtual void set_header(std::string_view, std::string) {}
    // What it is given it shows: nothing of that can be taken back.
    virtual bool shows_at_once() const { return true; }
    // Nobody is there any more.
    virtual bool is_nobody() const { return false; }

protected:
    ~ClientOutput() = default;
};

} // namespace turngate::gateway
