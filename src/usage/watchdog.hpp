#pragma once

#include "turngate/core/clock.hpp"

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace turngate::usage {

// Ends waits that a library has no deadline for: libpq waits for an answer for as long as the
// connection stands, which is for ever when the server was stopped in mid-sentence. Shutting the
// socket down ends the wait like any lost connection does. Thread-safe.
class Watchdog
{
public:
    Watchdog();

    void cut_all() noexcept; // all that is watched now, as if its time were over

private:
    friend class Watch;
    struct Watched
    {
        int socket;
        core::Deadline until;
        bool was_late = false;
    };
    using Place = std::list<Watched>::iterator;

    Place add(Watched watched);
    void remove(Place place);
    bool was_late(Place place);
    void keep_watching(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::list<Watched> watched_;
    core::Deadline next_ = core::Deadline::max(); // when the thread looks again
    std::jthread thread_; // last: the others are there before it runs and after
};

// While it lives, the socket is watched. The descriptor stays open for as long, so that it can
// never be somebody else's when its time is over.
class Watch
{
public:
    Watch(Watchdog& dog, int socket, std::chrono::milliseconds patience); // 0: until cut_all()
    ~Watch() { dog_.remove(place_); }
    bool was_late() const { return dog_.was_late(place_); } // its time was over: it was cut off
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

private:
    Watchdog& dog_;
    Watchdog::Place place_;
};

} // namespace turngate::usage
