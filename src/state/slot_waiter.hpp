#pragma once

#include "turngate/state/slots.hpp"

namespace turngate::state {

// `is_granted` and `permit` are written under the mutex; `event` belongs to the waiter's loop.
struct Slots::Waiter
{
    explicit Waiter(net::Loop& its_loop)
        : loop(its_loop), event(its_loop), since(core::Clock::now())
    {
    }

    // From any thread.
    static void wake(std::shared_ptr<Waiter> waiter)
    {
        net::Loop& loop = waiter->loop;
        loop.post([waiter = std::move(waiter)] { waiter->event.set(); });
    }

    net::Loop& loop;
    net::Event event;
    core::Deadline since;
    bool is_granted = false;
    Permit permit;
};

} // namespace turngate::state
