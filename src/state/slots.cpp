#include "turngate/state/slots.hpp"

#include "slot_ledger.hpp"
#include "slot_queue.hpp"

#include <utility>

namespace turngate::state {

Slot::~Slot()
{
    if (slots_)
        slots_->release(permit_);
}

Slots::Slots(unsigned limit,
             unsigned max_waiting,
             std::string name,
             std::shared_ptr<SlotLedger> ledger)
    : limit_(limit), max_waiting_(max_waiting), name_(std::move(name)), ledger_(std::move(ledger)),
      waiting_(std::make_unique<SlotQueue>())
{
}

Slots::~Slots() = default;

unsigned Slots::room() const noexcept
{
    return used_ < limit_ ? limit_ - used_ : 0;
}

bool Slots::take()
{
    if ((limit_ != 0 && room() == 0) || waiting_->is_wanted())
        return false;
    ++used_;
    return true;
}

// Those who are about to have one do not count.
bool Slots::is_queue_full() const
{
    const unsigned free = is_counted_elsewhere() && !is_blocked_ ? room() : 0;
    return waiting_->size() >= std::size_t{max_waiting_} + asked_ + free;
}

void Slots::note_queue()
{
    queued_ = static_cast<unsigned>(waiting_->size());
}

bool Slots::try_acquire()
{
    const std::lock_guard lock(mutex_);
    return take();
}

net::Task<core::Result<Slot>> Slots::try_acquire(net::Loop& loop)
{
    const auto refused = [](const char* where) {
        return core::Fault{core::FaultCode::rate_limited, {}, where};
    };
    SlotLedger::Ask ask{name_, 0, 1, std::nullopt};
    {
        const std::lock_guard lock(mutex_);
        if (!take())
            co_return refused("no slot is free");
        if (!is_counted_elsewhere())
            co_return Slot(shared_from_this());
        ask.limit = limit_;
    }
    const auto permits = co_await ledger_->take(loop, std::move(ask));
    if (!permits.empty())
        co_return Slot(shared_from_this(), permits.front());
    release({});
    co_return refused("no slot is free elsewhere");
}

// To who is next, if there is room; they are to be woken.
std::shared_ptr<SlotWaiter> Slots::pass_on()
{
    if (limit_ != 0 && room() == 0)
        return nullptr;
    auto next = waiting_->take_next();
    used_ += next ? 1 : 0;
    note_queue();
    return next;
}

void Slots::release(Permit permit)
{
    if (permit.number != 0)
        ledger_->give_back(name_, permit); // before the pump asks again
    std::shared_ptr<SlotWaiter> next;
    net::Loop* pump_loop = nullptr;
    {
        const std::lock_guard lock(mutex_);
        --used_;
        if (!is_counted_elsewhere())
            next = pass_on();
        else if (needs_pump())
            pump_loop = &waiting_->a_loop();
    }
    if (next)
        SlotWaiter::wake(std::move(next));
    else if (pump_loop)
        pump_loop->post([self = shared_from_this(), pump_loop] { self->start_pump(*pump_loop); });
    else
        wake_pump();
}

void Slots::set_limit(unsigned limit)
{
    std::vector<std::shared_ptr<SlotWaiter>> lucky;
    net::Loop* pump_loop = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (limit_.exchange(limit) == limit)
            return;
        if (is_counted_elsewhere())
            pump_loop = needs_pump() ? &waiting_->a_loop() : nullptr;
        else
            while (auto next = pass_on())
                lucky.push_back(std::move(next));
    }
    for (auto& waiter : lucky)
        SlotWaiter::wake(std::move(waiter));
    if (pump_loop)
        pump_loop->post([self = shared_from_this(), pump_loop] { self->start_pump(*pump_loop); });
    else
        wake_pump();
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
