#include "turngate/state/slots.hpp"

#include <algorithm>

namespace turngate::state {

Slot::~Slot()
{
    if (slots_)
        slots_->release();
}

// `is_granted` is written under the mutex; `event` belongs to the waiter's loop.
struct Slots::Waiter
{
    explicit Waiter(net::Loop& its_loop) : loop(its_loop), event(its_loop) {}

    net::Loop& loop;
    net::Event event;
    bool is_granted = false;
};

bool Slots::take()
{
    if (!waiting_.empty() || (limit_ != 0 && used_ >= limit_))
        return false;
    ++used_;
    return true;
}

bool Slots::try_acquire()
{
    const std::lock_guard lock(mutex_);
    return take();
}

net::Task<core::Result<Slot>> Slots::acquire(net::Loop& loop,
                                             core::Deadline deadline,
                                             net::Stop& stop)
{
    std::shared_ptr<Waiter> waiter;
    {
        // Under one lock: between finding none and waiting for one, none may be given back unseen.
        const std::lock_guard lock(mutex_);
        if (take())
            co_return Slot(shared_from_this());
        if (waiting_.size() >= max_waiting_)
            co_return core::Fault{core::FaultCode::rate_limited, {}, "slot queue is full"};
        waiter = std::make_shared<Waiter>(loop);
        waiting_.push_back(waiter);
    }
    co_await waiter->event.wait_until(deadline, stop);

    bool is_granted;
    {
        const std::lock_guard lock(mutex_);
        is_granted = waiter->is_granted;
        if (!is_granted)
            waiting_.erase(std::find(waiting_.begin(), waiting_.end(), waiter));
    }
    Slot slot = is_granted ? Slot(shared_from_this()) : Slot();
    if (stop.requested())
        co_return stop.reason(); // a slot that was granted in the same moment goes back
    if (!is_granted)
        co_return core::Fault{core::FaultCode::rate_limited, {}, "slot wait"};
    co_return slot;
}

void Slots::release()
{
    std::shared_ptr<Waiter> next;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) {
            --used_;
            return;
        }
        next = std::move(waiting_.front());
        waiting_.pop_front();
        next->is_granted = true; // the slot passes on: used_ stays
    }
    net::Loop& loop = next->loop;
    loop.post([next = std::move(next)] { next->event.set(); });
}

unsigned Slots::used() const
{
    const std::lock_guard lock(mutex_);
    return used_;
}

unsigned Slots::waiting() const
{
    const std::lock_guard lock(mutex_);
    return static_cast<unsigned>(waiting_.size());
}

} // namespace turngate::state
