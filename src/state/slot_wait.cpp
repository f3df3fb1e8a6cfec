#include "slot_ledger.hpp"
#include "slot_queue.hpp"

#include <utility>

namespace turngate::state {

// One turn's wait, in the queues of all its choices.
struct SlotWait
{
    using Choices = std::vector<std::shared_ptr<Slots>>;
    using Waiter = std::shared_ptr<SlotWaiter>;

    static core::Fault refused(const char* where)
    {
        return {core::FaultCode::rate_limited, {}, where};
    }

    // Until one of them has a slot at once.
    static void join(const Choices& choices, const Waiter& waiter)
    {
        for (std::size_t i = 0; i < choices.size() && !waiter->is_claimed(); ++i)
            if (choices[i]->join(waiter, static_cast<int>(i)))
                choices[i]->start_pump(waiter->loop);
        waiter->lose_place(); // from here on the queues decide alone
    }

    static core::Result<Granted> leave(const Choices& choices,
                                       const Waiter& waiter,
                                       const net::Stop& stop)
    {
        waiter->claim(SlotWaiter::left);
        for (const auto& slots : choices)
            slots->leave(*waiter); // whoever granted one has let go of its mutex by now
        const int by = waiter->claimed_by;
        Granted granted;
        if (by >= 0) {
            granted.which = static_cast<std::size_t>(by);
            granted.slot = Slot(choices[granted.which], waiter->permit);
        }
        if (stop.requested())
            return stop.reason(); // a slot that was granted in the same moment goes back
        if (by < 0)
            return refused(by == SlotWaiter::dropped ? "slot queue is full" : "slot wait");
        return granted;
    }
};

net::Task<core::Result<Granted>> acquire_any(std::vector<std::shared_ptr<Slots>> choices,
                                             std::string tenant,
                                             net::Loop& loop,
                                             core::Deadline deadline,
                                             net::Stop& stop)
{
    const auto waiter = std::make_shared<SlotWaiter>(loop, std::move(tenant));
    SlotWait::join(choices, waiter);
    if (!waiter->is_claimed())
        co_await waiter->event.wait_until(deadline, stop);
    co_return SlotWait::leave(choices, waiter, stop);
}

net::Task<core::Result<Slot>> Slots::acquire(net::Loop& loop,
                                             core::Deadline deadline,
                                             net::Stop& stop)
{
    std::vector<std::shared_ptr<Slots>> choices{shared_from_this()};
    auto granted = co_await acquire_any(std::move(choices), {}, loop, deadline, stop);
    if (!granted)
        co_return granted.error();
    co_return std::move(granted->slot);
}

// True: the caller starts the pump.
bool Slots::join(const std::shared_ptr<SlotWaiter>& waiter, int which)
{
    std::shared_ptr<SlotWaiter> dropped;
    bool starts_pump = false;
    {
        // Under one lock: between finding none and waiting for one, none may be given back unseen.
        const std::lock_guard lock(mutex_);
        if (!is_counted_elsewhere() && take()) {
            if (!waiter->claim(which)) // another was quicker
                --used_;
            return false;
        }
        if (is_queue_full()) {
            dropped = waiting_->take_newest_for(waiter->tenant);
            if (!dropped)
                return false;
        }
        ++waiter->places;
        waiting_->add(waiter, which);
        note_queue();
        starts_pump = needs_pump();
    }
    if (dropped && dropped->lose_place())
        SlotWaiter::wake(std::move(dropped));
    return starts_pump;
}

void Slots::leave(const SlotWaiter& waiter)
{
    bool is_last = false;
    {
        const std::lock_guard lock(mutex_);
        is_last = waiting_->remove(waiter) && waiting_->is_empty();
        note_queue();
    }
    if (is_last)
        wake_pump(); // nobody else need wait for us
}

} // namespace turngate::state
