#pragma once

#include "turngate/core/clock.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace turngate::telemetry {

// Writes lines to a descriptor, in a thread of its own: who logs never waits for who reads. What
// the reader does not take in time is dropped, and told in a line at its place once it reads again.
class LineWriter
{
public:
    using Notice = std::function<std::string(std::uint64_t dropped)>; // a line, without its newline

    // most_bytes: of lines that wait; as many may be under way. The descriptor stays the caller's.
    LineWriter(int descriptor, std::size_t most_bytes, Notice notice);
    ~LineWriter(); // waits until all is written, or the descriptor fails

    // Without its newline. Any thread.
    void put(std::string_view line);

    // Waits for what was put before. False: it is not written by the deadline. Any thread.
    bool flush(core::Deadline deadline);

    // Lines that nobody will see: for want of room, or since they could not be written.
    std::uint64_t dropped() const;

private:
    void run();
    bool has_work() const noexcept { return !waiting_.empty() || untold_ > 0; }

    const int descriptor_;
    const std::size_t most_bytes_;
    const Notice notice_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable written_;
    std::string waiting_;
    std::uint64_t untold_ = 0; // dropped after what waits
    std::uint64_t dropped_ = 0;
    std::uint64_t puts_ = 0;
    std::uint64_t done_ = 0; // the last of the puts that is written, or lost
    bool is_ending_ = false;
    std::thread thread_; // last: it uses all of the above
};

} // namespace turngate::telemetry
