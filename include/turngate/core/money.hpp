#pragma once

#include <compare>
#include <cstdint>

namespace turngate::core {

// Money is whole nano-dollars, never floating point (design.md section 8). 2^63 is 9.2 billion
// dollars.
struct NanoUsd
{
    std::int64_t value = 0;

    auto operator<=>(const NanoUsd&) const = default;
    NanoUsd& operator+=(NanoUsd other) noexcept
    {
        value += other.value;
        return *this;
    }
};

inline NanoUsd operator+(NanoUsd a, NanoUsd b) noexcept
{
    return {a.value + b.value};
}
inline NanoUsd operator-(NanoUsd a, NanoUsd b) noexcept
{
    return {a.value - b.value};
}

// Multipliers are whole parts per million: 1 is 1'000'000.
struct Ppm
{
    std::int64_t value = 1'000'000;

    auto operator<=>(const Ppm&) const = default;
};

} // namespace turngate::core
