#include "turngate/net/event.hpp"

#include <boost/asio/as_tuple.hpp>

#include <utility>

namespace turngate::net {

Task<bool> Event::wait_until(core::Deadline deadline)
{
    while (!set_ && !std::exchange(is_woken_, false) && core::Clock::now() < deadline) {
        timer_.expires_at(deadline); // set() cancels the timer
        co_await timer_.async_wait(asio::as_tuple(use_task));
    }
    co_return set_;
}

Task<bool> Event::wait_until(core::Deadline deadline, Stop& stop)
{
    const Stop::Slot<Event, &Event::wake> slot(stop, *this);
    while (!set_ && !stop.requested() && !std::exchange(is_woken_, false) &&
           core::Clock::now() < deadline) {
        timer_.expires_at(deadline);
        co_await timer_.async_wait(asio::as_tuple(use_task));
    }
    co_return set_;
}

} // namespace turngate::net
