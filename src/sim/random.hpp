#pragma once

#include <cstdint>

namespace turngate::sim {

// SplitMix64: the same everywhere, so that a seed tells the whole run.
class Random
{
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() noexcept { return mix(state_ += 0x9e3779b97f4a7c15); }
    std::uint64_t below(std::uint64_t limit) noexcept { return limit == 0 ? 0 : next() % limit; }
    double fraction() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

    // A bijection: different arguments never give the same value.
    static constexpr std::uint64_t mix(std::uint64_t z) noexcept
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

} // namespace turngate::sim
