#include "watchdog.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace turngate::usage {

Watchdog::Watchdog() : thread_([this](const std::stop_token& stop) { keep_watching(stop); }) {}

Watchdog::Place Watchdog::add(Watched watched)
{
    const std::lock_guard lock(mutex_);
    if (watched.until < next_) { // mostly it is not: the thread sleeps on
        next_ = watched.until;
        changed_.notify_all();
    }
    return watched_.insert(watched_.end(), watched);
}

void Watchdog::remove(Place place)
{
    const std::lock_guard lock(mutex_);
    watched_.erase(place);
}

bool Watchdog::was_late(Place place)
{
    const std::lock_guard lock(mutex_);
    return place->was_late;
}

void Watchdog::cut_all() noexcept
{
    const std::lock_guard lock(mutex_);
    for (const Watched& watched : watched_)
        ::shutdown(watched.socket, SHUT_RDWR);
}

void Watchdog::keep_watching(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const core::Deadline now = core::Clock::now();
        next_ = now + std::chrono::hours(1);
        for (Watched& watched : watched_) {
            if (watched.until <= now) {
                ::shutdown(watched.socket, SHUT_RDWR);
                watched.until = core::Deadline::max(); // once
                watched.was_late = true;
            }
            next_ = std::min(next_, watched.until);
        }
        const core::Deadline planned = next_;
        changed_.wait_until(lock, stop, planned, [&] { return next_ < planned; });
    }
}

Watch::Watch(Watchdog& dog, int socket, std::chrono::milliseconds patience)
    : dog_(dog),
      place_(dog.add(
          {socket, patience.count() > 0 ? core::Clock::now() + patience : core::Deadline::max()}))
{
}

} // namespace turngate::usage
