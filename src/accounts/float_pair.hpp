#pragma once

#include <bit>
#include <cstdint>

namespace turngate::accounts {

// Two values in one word, so that one atomic holds both.

constexpr std::uint64_t pack(std::uint32_t high, float low) noexcept
{
    return std::uint64_t(high) << 32 | std::bit_cast<std::uint32_t>(low);
}

constexpr std::uint64_t pack(float high, float low) noexcept
{
    return pack(std::bit_cast<std::uint32_t>(high), low);
}

constexpr std::uint32_t high_of(std::uint64_t word) noexcept
{
    return static_cast<std::uint32_t>(word >> 32);
}

constexpr float high_float(std::uint64_t word) noexcept
{
    return std::bit_cast<float>(high_of(word));
}

constexpr float low_float(std::uint64_t word) noexcept
{
    return std::bit_cast<float>(static_cast<std::uint32_t>(word));
}

} // namespace turngate::accounts
