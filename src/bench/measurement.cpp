#include "measurement.hpp"

#include "process_stats.hpp"

#include <algorithm>

namespace turngate::bench {
namespace {

double us_per(std::chrono::nanoseconds time, std::uint64_t count) noexcept
{
    return static_cast<double>(time.count()) / 1e3 /
           static_cast<double>(std::max<std::uint64_t>(count, 1));
}

} // namespace

double Measurement::cpu_us_per(std::uint64_t count) const noexcept
{
    return us_per(cpu, count);
}

double Measurement::own_cpu_us_per(std::uint64_t count) const noexcept
{
    return us_per(own_cpu, count);
}

double Measurement::per_second(std::uint64_t count) const noexcept
{
    return static_cast<double>(count) / std::max(std::chrono::duration<double>(wall).count(), 1e-9);
}

Measurement measure_phase(Fleet& fleet, const Phase& phase, const std::vector<pid_t>& processes)
{
    Measurement measured;
    const auto cpu_before = cpu_time(processes);
    const auto own_before = own_cpu_time();
    const auto begun = core::Clock::now();
    fleet.play(phase);
    measured.wall = core::Clock::now() - begun;
    measured.own_cpu = own_cpu_time() - own_before;
    measured.cpu = cpu_time(processes) - cpu_before;
    measured.tally = fleet.take_tally();
    return measured;
}

} // namespace turngate::bench
