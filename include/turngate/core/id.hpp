#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace turngate::core {

// Fills from the operating system's generator; aborts when there is none.
void random_bytes(std::span<std::uint8_t> out);

// A non-blocking, per-thread, cryptographically seeded stream: for masking keys and jitter.
std::uint32_t random_u32() noexcept;

// UUID version 7 (RFC 9562), canonical text: sorts by time of making.
std::string uuid7();

// SHA-256 as a value: how keys and session keys are stored and compared.
struct Digest
{
    std::array<std::uint8_t, 32> bytes{};

    auto operator<=>(const Digest&) const = default;
    std::string hex() const;
    std::uint64_t prefix() const noexcept; // the first eight bytes, for placement
};

Digest sha256(std::string_view text);
bool equal_in_constant_time(const Digest& a, const Digest& b) noexcept;

} // namespace turngate::core

template <>
struct std::hash<turngate::core::Digest>
{
    std::size_t operator()(const turngate::core::Digest& digest) const noexcept
    {
        return digest.prefix();
    }
};
