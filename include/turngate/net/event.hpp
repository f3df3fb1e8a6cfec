#pragma once

#include "turngate/net/loop.hpp"
#include "turngate/net/stop.hpp"

namespace turngate::net {

// Something one task waits for and another sets. Single loop, one waiter.
class Event
{
public:
    explicit Event(Loop& loop) : timer_(loop.context()) {}

    void set()
    {
        set_ = true;
        timer_.cancel();
    }
    void reset() { set_ = false; }
    // Ends a wait without setting: the waiter's deadline has changed. Its wait_until returns false.
    void wake()
    {
        is_woken_ = true;
        timer_.cancel();
    }
    bool is_set() const noexcept { return set_; }

    // True: set. False: the deadline came first, or (second form) the stop.
    Task<bool> wait_until(core::Deadline deadline);
    Task<bool> wait_until(core::Deadline deadline, Stop& stop);

private:
    bool set_ = false;
    bool is_woken_ = false;
    Timer timer_;
};

} // namespace turngate::net
