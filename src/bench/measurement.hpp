#pragma once

#include "fleet.hpp"

#include <chrono>
#include <vector>

#include <sys/types.h>

namespace turngate::bench {

// What a phase did and what it cost.
struct Measurement
{
    Tally tally;
    std::chrono::nanoseconds wall{};
    std::chrono::nanoseconds cpu{};     // of the measured processes
    std::chrono::nanoseconds own_cpu{}; // of the bench

    double cpu_us_per(std::uint64_t count) const noexcept;
    double own_cpu_us_per(std::uint64_t count) const noexcept;
    double per_second(std::uint64_t count) const noexcept;
};

// Plays the phase and takes what the fleet has counted since its last tally was taken. `processes`
// may be empty.
Measurement measure_phase(Fleet& fleet, const Phase& phase, const std::vector<pid_t>& processes);

} // namespace turngate::bench
