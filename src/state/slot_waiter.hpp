#pragma once

#include "turngate/state/slots.hpp"

#include <atomic>
#include <string>
#include <utility>

namespace turngate::state {

// A turn that waits in the queues of one or more Slots. Whoever claims it first decides what comes
// of it. `permit` is written by the Slots that claimed it, under their mutex; `event` belongs to
// the waiter's loop.
struct SlotWaiter
{
    // Else the place in the list of choices of whoever grants it a slot.
    enum Claim : int { waits = -1, left = -2, dropped = -3 };

    SlotWaiter(net::Loop& its_loop, std::string its_tenant)
        : loop(its_loop), event(its_loop), tenant(std::move(its_tenant)), since(core::Clock::now())
    {
    }

    bool claim(int by) noexcept // true, once
    {
        int nobody = waits;
        return claimed_by.compare_exchange_strong(nobody, by);
    }
    bool is_claimed() const noexcept { return claimed_by != waits; }

    // A place less. True: there is none left, and it was told so (wake it).
    bool lose_place() noexcept { return --places == 0 && claim(dropped); }

    // From any thread.
    static void wake(std::shared_ptr<SlotWaiter> waiter)
    {
        net::Loop& loop = waiter->loop;
        loop.post([waiter = std::move(waiter)] { waiter->event.set(); });
    }

    net::Loop& loop;
    net::Event event;
    const std::string tenant;
    const core::Deadline since;
    std::atomic<unsigned> places{1}; // in queues, and one while it is still joining them
    std::atomic<int> claimed_by{waits};
    Permit permit;
};

} // namespace turngate::state
