#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace turngate::core {

// Money is whole nano-dollars, never floating point (design.md section 8). 2^63 is 9.2 billion
// dollars.
struct NanoUsd
{
    std::int64_t value = 0;

    auto operator<=>(const NanoUsd&) const = default;
    constexpr NanoUsd& operator+=(NanoUsd other) noexcept;
};

// Sums and differences saturate: what is too much stays the most there is, and never turns its
// sign.
constexpr NanoUsd operator+(NanoUsd a, NanoUsd b) noexcept
{
    using Limits = std::numeric_limits<std::int64_t>;
    NanoUsd sum;
    if (__builtin_add_overflow(a.value, b.value, &sum.value))
        sum.value = a.value < 0 ? Limits::min() : Limits::max();
    return sum;
}
constexpr NanoUsd operator-(NanoUsd a, NanoUsd b) noexcept
{
    using Limits = std::numeric_limits<std::int64_t>;
    NanoUsd difference;
    if (__builtin_sub_overflow(a.value, b.value, &difference.value))
        difference.value = a.value < 0 ? Limits::min() : Limits::max();
    return difference;
}
constexpr NanoUsd& NanoUsd::operator+=(NanoUsd other) noexcept
{
    return *this = *this + other;
}

// Multipliers are whole parts per million: 1 is 1'000'000.
struct Ppm
{
    std::int64_t value = 1'000'000;

    auto operator<=>(const Ppm&) const = default;
};

} // namespace turngate::core
