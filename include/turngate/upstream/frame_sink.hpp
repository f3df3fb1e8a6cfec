#pragma once

#include "turngate/net/websocket.hpp"

#include <span>

namespace turngate::upstream {

// Who gets what the upstream says on a lane: its running turn. Called by the connection's reader.
// May pause, close or abort the connection in these calls; must not attach or detach.
class FrameSink
{
public:
    // Messages of one read, in order; the views die with on_read_end().
    virtual void on_frames(std::span<const net::Frame> frames) = 0;
    // All that one read brought has been handed out: the time for one write.
    virtual void on_read_end() = 0;
    // The connection is over; nothing comes after it. Called once, only while attached.
    virtual void on_lost(const net::Closing& closing) = 0;

    // The error that comes next was told to several turns, and ends one of them: this one's
    // response may go on after it.
    virtual void doubt() {}

    // It has sent a control event that has no answer yet: one without a lane is for it.
    virtual bool awaits_answer() const { return false; }

protected:
    ~FrameSink() = default;
};

} // namespace turngate::upstream
