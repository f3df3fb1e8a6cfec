#pragma once

#include "turngate/core/clock.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace turngate::accounts {

// Whether an account's load rises: one sample for each of the last ten seconds, taken by whoever
// looks at the account first in it. Two loops that do so at once may both write; either sample will
// do.
class LoadTrend
{
public:
    static constexpr std::size_t kSamples = 10;

    void sample(double load, core::Deadline now) noexcept; // used slots of all, 0…1

    // 1: level or falling, down to 0: rising by 5 % a second or more.
    double value() const noexcept { return trend_.load(std::memory_order_relaxed); }

private:
    double slope(std::uint32_t second) const noexcept; // per second, by least squares

    std::array<std::atomic<std::uint64_t>, kSamples> samples_{}; // second + 1, load
    std::atomic<double> trend_{1.0};                             // as of the last sample
};

} // namespace turngate::accounts
