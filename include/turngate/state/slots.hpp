#pragma once

#include "turngate/core/fault.hpp"
#include "turngate/net/event.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace turngate::state {

class SlotLedger;
class SlotQueue;
class Slots;
struct SlotWaiter;

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
// gateways; the others wait without polling, in FIFO order within a tenant and round the tenants
// (behaviour.md section 3). limit 0: no limit. Safe from all loops.
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
    ~Slots();

    // Fault rate_limited when the queue is full or the deadline comes; the stop's reason when that
    // comes first, which leaves the queue at once.
    net::Task<core::Result<Slot>> acquire(net::Loop& loop,
                                          core::Deadline deadline,
                                          net::Stop& stop);

    // Without waiting for others, and only if nobody does; else fault rate_limited.
    net::Task<core::Result<Slot>> try_acquire(net::Loop& loop);

    // The same for slots without a ledger; one that there is would not know of it.
    bool try_acquire();

    // From now on: a higher one helps who waits at once; who runs beyond a lower one goes on. Any
    // thread.
    void set_limit(unsigned limit);

    // Another gateway has given one back. Any thread.
    void on_notice();

    unsigned used() const; // here
    unsigned waiting() const;

private:
    friend class Slot;
    friend struct SlotWait;
    struct Want;

    // With the mutex held.
    bool is_counted_elsewhere() const noexcept { return ledger_ && limit_ != 0; }
    unsigned room() const noexcept; // below the limit
    bool take();
    bool is_queue_full() const;
    bool needs_pump();
    std::shared_ptr<SlotWaiter> pass_on();
    void note_queue();

    // slot_wait.cpp
    bool join(const std::shared_ptr<SlotWaiter>& waiter, int which);
    void leave(const SlotWaiter& waiter);
    void release(Permit permit);

    // slot_pump.cpp
    void start_pump(net::Loop& loop);
    static net::Task<> pump(std::shared_ptr<Slots> slots, net::Loop& loop);
    Want want();
    void hand_out(unsigned asked, const std::vector<Permit>& permits);
    net::Task<> until_worth_asking(net::Loop& loop);
    void wake_pump();

    mutable std::mutex mutex_;
    std::atomic<unsigned> limit_;
    const unsigned max_waiting_;
    const std::string name_;
    const std::shared_ptr<SlotLedger> ledger_; // null: this process alone
    // Read without the mutex: a choice looks at many accounts.
    std::atomic<unsigned> used_{0};   // those the ledger is being asked for included
    std::atomic<unsigned> queued_{0}; // those who have just been granted one elsewhere included
    unsigned asked_ = 0;
    std::unique_ptr<SlotQueue> waiting_;
    bool is_pumping_ = false;
    bool is_blocked_ = false; // the ledger gave fewer than asked for: others have them
    bool is_noticed_ = false; // since the ledger was asked
    std::shared_ptr<SlotWaiter> sleeping_pump_;
};

struct Granted
{
    std::size_t which = 0; // of the choices
    Slot slot;
};

// The first slot that becomes free of any; of those that are free already, the first choice's.
// Waits in all their queues and leaves the others at once. Faults as of Slots::acquire; in a full
// queue room is made for a tenant by dropping the newest of the one that has most in it.
net::Task<core::Result<Granted>> acquire_any(std::vector<std::shared_ptr<Slots>> choices,
                                             std::string tenant,
                                             net::Loop& loop,
                                             core::Deadline deadline,
                                             net::Stop& stop);

} // namespace turngate::state
