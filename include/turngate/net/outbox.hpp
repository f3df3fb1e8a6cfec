#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/net/stream.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::net {

// What goes out on one connection, in order: pieces that are borrowed until the flush, and a queue
// of what the kernel would not take. The stream outlives it.
class Outbox
{
public:
    Outbox(Stream& stream, std::uint64_t high_water)
        : stream_(stream), high_water_(high_water), progress_(core::Clock::now())
    {
    }

    // Must stay valid until the next flush() or write().
    void borrow(std::string_view wire);
    // The same, copied.
    void append(std::string_view bytes);
    // After all that was borrowed. What does not fit becomes the queue without a second copy.
    void write(std::string bytes);
    void flush();

    enum class Room : std::uint8_t {
        fine,
        drained, // fell to half of the high mark after it had been above it
        lost     // the peer takes nothing any more; nothing is queued
    };
    // The kernel may have room again.
    Room write_queue();

    std::size_t queued() const noexcept { return queue_.size() - head_; }
    bool is_congested() const noexcept { return queued() > high_water_; }
    // Something is queued, and none of it went out for so long.
    bool is_stuck(core::Deadline now, std::chrono::milliseconds timeout) const noexcept
    {
        return queued() > 0 && now - progress_ > timeout;
    }
    std::uint64_t bytes() const noexcept { return bytes_; } // written so far

private:
    void queue(std::string_view bytes);
    void note_stuck();
    Room shrink();

    Stream& stream_;
    const std::uint64_t high_water_;
    std::vector<std::string_view> pieces_; // borrowed, or …
    std::vector<std::string> copies_;      // … in one of these, none of which grows beyond its room
    std::string queue_;
    std::size_t head_ = 0; // so much of the queue is written
    core::Deadline progress_;
    std::uint64_t bytes_ = 0;
    bool was_congested_ = false;
};

} // namespace turngate::net
