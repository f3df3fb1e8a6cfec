#pragma once

#include "turngate/core/fault.hpp"
#include "turngate/net/event.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace turngate::state {

class SlotLedger;
class Slots;

// What a ledger knows a slot by: the loop that took it, and a number there. 0: no ledger has it.
struct Permit
{
    unsigned loop = 0;
    std::uint64_t number = 0;
};

// The right to run one turn; given back by its destructor, on any thread.
class Slot
{
public:
    Slot() = default;
    explicit Slot(std::shared_ptr<Slots> slots, Permit permit = {})
        : slots_(std::move(slots)), permit_(permit)
    {
    }
    ~Slot();
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&& other) noexcept
    {
        std::swap(slots_, other.slots_);
        std::swap(permit_, other.permit_);
        return *this;
    }

private:
    std::shared_ptr<Slots> slots_;
    Permit permit_;
};

// At most `limit` running turns of one user or account, over all loops, and with a ledger over all
// gateways; the others wait in FIFO order without polling (behaviour.md section 3). limit 0: no
// limit. Safe from all loops.
//
// With a ledger everyone joins the queue, and one task, the pump, asks the ledger for as many
// permits as there are waiters, and hands them out in order.
class Slots : public std::enable_shared_from_this<Slots>
{
public:
    Slots(unsigned limit,
          unsigned max_waiting,
          std::string name = {},
          std::shared_ptr<SlotLedger> ledger = {});

    // Fault rate_limited when the queue is full or the deadline comes; the stop's reason when that
    // comes first, which leaves the queue at once.
    net::Task<core::Result<Slot>> acquire(net::Loop& loop,
                                          core::Deadline deadline,
                                          net::Stop& stop);

    // Without waiting for others, and only if nobody does; else fault rate_limited.
    net::Task<core::Result<Slot>> try_acquire(net::Loop& loop);

    // The same for slots without a ledger; one that there is would not know of it.
    bool try_acquire();

    // Another gateway has given one back. Any thread.
    void on_notice();

    unsigned used() const; // here
    unsigned waiting() const;

private:
    friend class Slot;
    struct Waiter;
    struct Want;

    // With the mutex held.
    bool take();
    bool is_queue_full() const;
    bool needs_pump();

    core::Result<Slot> leave(const std::shared_ptr<Waiter>& waiter, const net::Stop& stop);
    void release(Permit permit);
    void pass_on();

    // slot_pump.cpp
    void start_pump(net::Loop& loop);
    static net::Task<> pump(std::shared_ptr<Slots> slots, net::Loop& loop);
    Want want();
    void hand_out(unsigned asked, const std::vector<Permit>& permits);
    net::Task<> until_worth_asking(net::Loop& loop);
    void wake_pump();

    mutable std::mutex mutex_;
    const unsigned limit_;
    const unsigned max_waiting_;
    const std::string name_;
    const std::shared_ptr<SlotLedger> ledger_; // null: this process alone
    // Read without the mutex: a choice looks at many accounts.
    std::atomic<unsigned> used_{0};   // those the ledger is being asked for included
    std::atomic<unsigned> queued_{0}; // waiting_.size()
    unsigned asked_ = 0;
    std::deque<std::shared_ptr<Waiter>> waiting_;
    bool is_pumping_ = false;
    bool is_blocked_ = false; // the ledger gave fewer than asked for: others have them
    bool is_noticed_ = false; // since the ledger was asked
    std::shared_ptr<Waiter> sleeping_pump_;
};

} // namespace turngate::state
