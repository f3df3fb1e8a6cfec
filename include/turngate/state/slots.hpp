#pragma once

#include "turngate/core/fault.hpp"
#include "turngate/net/event.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace turngate::state {

class Slots;

// The right to run one turn; given back by its destructor. `slots` outlive it.
class Slot
{
public:
    Slot() = default;
    explicit Slot(std::shared_ptr<Slots> slots) : slots_(std::move(slots)) {}
    ~Slot();
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&& other) noexcept
    {
        std::swap(slots_, other.slots_);
        return *this;
    }

private:
    std::shared_ptr<Slots> slots_;
};

// At most `limit` running turns of one user or account, over all loops; the others wait in FIFO
// order without polling (behaviour.md section 3). limit 0: no limit. Safe from all loops.
class Slots : public std::enable_shared_from_this<Slots>
{
public:
    Slots(unsigned limit, unsigned max_waiting) : limit_(limit), max_waiting_(max_waiting) {}

    // Fault rate_limited when the queue is full or the deadline comes; the stop's reason when that
    // comes first, which leaves the queue at once.
    net::Task<core::Result<Slot>> acquire(net::Loop& loop,
                                          core::Deadline deadline,
                                          net::Stop& stop);

    // Without waiting, and only if nobody waits.
    bool try_acquire();

    unsigned used() const;
    unsigned waiting() const;

private:
    friend class Slot;
    struct Waiter;

    bool take(); // with the mutex held
    void release();

    mutable std::mutex mutex_;
    const unsigned limit_;
    const unsigned max_waiting_;
    unsigned used_ = 0;
    std::deque<std::shared_ptr<Waiter>> waiting_;
};

} // namespace turngate::state
