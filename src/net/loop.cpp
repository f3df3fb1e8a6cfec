#include "turngate/net/loop.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <exception>

namespace turngate::net {

Loop::Loop(unsigned index)
    : index_(index), context_(1), // one thread runs it: no wake-ups between its own handlers
      work_(asio::make_work_guard(context_)), poller_(context_),
      read_buffer_(std::make_unique_for_overwrite<char[]>(kReadBuffer)), tick_timer_(context_)
{
    schedule_tick();
}

Loop::~Loop() = default;

void Loop::run()
{
    due_ = core::Clock::now() + kTick;
    for (;;) {
        try {
            context_.run();
            return;
        } catch (const std::exception& bug) {
            // Handlers catch their own; what arrives here is a bug in one of them, never a reason
            // to end the process.
            telemetry::log_error("loop caught an exception",
                                 {{"loop", index_}, {"what", bug.what()}});
        }
    }
}

void Loop::stop()
{
    context_.stop();
}

void Loop::tick(Ticked& ticked)
{
    ticked_.push_back(ticked);
}

std::chrono::microseconds Loop::lag() const noexcept
{
    using std::chrono::microseconds;
    const core::Deadline due = due_.load(std::memory_order_relaxed);
    const core::Deadline now = core::Clock::now();
    const microseconds last(lag_us_.load(std::memory_order_relaxed));
    if (now <= due)
        return last;
    return std::max(last, std::chrono::duration_cast<microseconds>(now - due));
}

void Loop::schedule_tick()
{
    tick_timer_.expires_after(kTick);
    tick_timer_.async_wait([this](boost::system::error_code error) {
        if (!error)
            on_tick();
    });
}

void Loop::on_tick()
{
    const auto now = core::Clock::now();
    const auto late =
        std::chrono::duration_cast<std::chrono::microseconds>(now - tick_timer_.expiry());
    lag_us_.store(late.count(), std::memory_order_relaxed);
    due_.store(now + kTick, std::memory_order_relaxed);
    schedule_tick(); // first: whatever a tick throws, it is not the last one
    for (auto at = ticked_.begin(); at != ticked_.end();) {
        Ticked& ticked = *at++; // it may unlink itself
        ticked.on_tick(now);
    }
}

} // namespace turngate::net
