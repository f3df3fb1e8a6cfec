#pragma once

#include "slot_waiter.hpp"

#include <deque>
#include <list>
#include <memory>
#include <optional>

namespace turngate::state {

// Who waits for one Slots: in the order of their coming within a tenant, and round the tenants.
// Those who were granted a slot elsewhere are passed over until they have left. Not for two threads
// at once.
class SlotQueue
{
public:
    // `which`: what the waiter knows these slots by.
    void add(std::shared_ptr<SlotWaiter> waiter, int which);
    bool remove(const SlotWaiter& waiter);   // false: it is not here
    std::shared_ptr<SlotWaiter> take_next(); // claimed for us; null: nobody waits

    // Makes room for one of the tenant where another has two more waiting: its newest, who has to
    // be told if that was its last place. Null: there is no such tenant.
    std::shared_ptr<SlotWaiter> take_newest_for(std::string_view tenant);

    std::size_t size() const noexcept { return size_; }
    bool is_empty() const noexcept { return size_ == 0; }
    bool is_wanted() const noexcept; // somebody in it still waits
    net::Loop& a_loop() const { return lines_.front().places.front().waiter->loop; } // not empty
    core::Deadline oldest() const; // when who has waited longest began; not empty

private:
    struct Place
    {
        std::shared_ptr<SlotWaiter> waiter;
        int which = 0;
    };
    struct Line // of one tenant; never empty
    {
        std::string tenant;
        std::deque<Place> places;
    };
    using Lines = std::list<Line>;

    Lines::iterator line_of(std::string_view tenant);

    Lines lines_; // the first is next
    std::size_t size_ = 0;
};

} // namespace turngate::state
