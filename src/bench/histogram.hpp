#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace turngate::bench {

// Durations in buckets that are 1.6 % wide, from a nanosecond to years: recording is two shifts and
// an increment.
class Histogram
{
public:
    Histogram();

    void record(std::chrono::nanoseconds duration) noexcept; // negative counts as 0
    void merge(const Histogram& other) noexcept;

    std::uint64_t count() const noexcept { return count_; }

    // The value that `part` (0 … 1) of all do not exceed; 0 when there is none.
    std::chrono::nanoseconds percentile(double part) const noexcept;

private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
};

} // namespace turngate::bench
