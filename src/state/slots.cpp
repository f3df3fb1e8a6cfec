#include "slot_ledger.hpp"
#include "slot_waiter.hpp"

#include <algorithm>

namespace turngate::state {
namespace {

core::Fault refused(const char* where)
{
    return {core::FaultCode::rate_limited, {}, where};
}

} // namespace

Slot::~Slot()
{
    if (slots_)
        slots_->release(permit_);
}

Slots::Slots(unsigned limit,
             unsigned max_waiting,
             std::string name,
             std::shared_ptr<SlotLedger> ledger)
    : limit_(limit), max_waiting_(max_waiting), name_(std::move(name)),
      ledger_(limit == 0 ? nullptr : std::move(ledger)) // nothing to count
{
}

bool Slots::take()
{
    if (!waiting_.empty() || (limit_ != 0 && used_ >= limit_))
        return false;
    ++used_;
    return true;
}

// Those who are about to have one do not count.
bool Slots::is_queue_full() const
{
    const unsigned free = ledger_ && !is_blocked_ ? limit_ - used_ : 0;
    return waiting_.size() >= std::size_t{max_waiting_} + asked_ + free;
}

bool Slots::try_acquire()
{
    const std::lock_guard lock(mutex_);
    return take();
}

net::Task<core::Result<Slot>> Slots::try_acquire(net::Loop& loop)
{
    if (!try_acquire())
        co_return refused("no slot is free");
    if (!ledger_)
        co_return Slot(shared_from_this());
    SlotLedger::Ask ask{name_, limit_, 1, std::nullopt};
    const auto permits = co_await ledger_->take(loop, std::move(ask));
    if (!permits.empty())
        co_return Slot(shared_from_this(), permits.front());
    release({});
    co_return refused("no slot is free elsewhere");
}

net::Task<core::Result<Slot>> Slots::acquire(net::Loop& loop,
                                             core::Deadline deadline,
                                             net::Stop& stop)
{
    std::shared_ptr<Waiter> waiter;
    bool starts_pump = false;
    {
        // Under one lock: between finding none and waiting for one, none may be given back unseen.
        const std::lock_guard lock(mutex_);
        if (!ledger_ && take())
            co_return Slot(shared_from_this());
        if (is_queue_full())
            co_return refused("slot queue is full");
        waiter = std::make_shared<Waiter>(loop);
        waiting_.push_back(waiter);
        ++queued_;
        starts_pump = needs_pump();
    }
    if (starts_pump)
        start_pump(loop);
    co_await waiter->event.wait_until(deadline, stop);
    co_return leave(waiter, stop);
}

core::Result<Slot> Slots::leave(const std::shared_ptr<Waiter>& waiter, const net::Stop& stop)
{
    bool is_granted;
    bool is_last = false;
    {
        const std::lock_guard lock(mutex_);
        is_granted = waiter->is_granted;
        if (!is_granted) {
            waiting_.erase(std::find(waiting_.begin(), waiting_.end(), waiter));
            --queued_;
            is_last = waiting_.empty();
        }
    }
    if (is_last)
        wake_pump(); // nobody else need wait for us
    Slot slot = is_granted ? Slot(shared_from_this(), waiter->permit) : Slot();
    if (stop.requested())
        return stop.reason(); // a slot that was granted in the same moment goes back
    if (!is_granted)
        return refused("slot wait");
    return slot;
}

void Slots::release(Permit permit)
{
    if (!ledger_)
        return pass_on();
    if (permit.number != 0)
        ledger_->give_back(name_, permit); // before the pump asks again
    net::Loop* pump_loop = nullptr;
    {
        const std::lock_guard lock(mutex_);
        --used_;
        if (needs_pump())
            pump_loop = &waiting_.front()->loop;
    }
    if (pump_loop)
        pump_loop->post([self = shared_from_this(), pump_loop] { self->start_pump(*pump_loop); });
    else
        wake_pump();
}

void Slots::pass_on()
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
        --queued_;
        next->is_granted = true; // the slot passes on: used_ stays
    }
    Waiter::wake(std::move(next));
}

unsigned Slots::used() const
{
    return used_.load(std::memory_order_relaxed);
}

unsigned Slots::waiting() const
{
    return queued_.load(std::memory_order_relaxed);
}

} // namespace turngate::state
