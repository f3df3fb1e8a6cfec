#include "turngate/net/frame.hpp"

#include <cstring>

namespace turngate::net {
namespace {

using Mask = std::array<std::uint8_t, 4>;

// The mask as it falls on eight bytes that begin `offset` bytes into the payload; in memory order,
// so that the machine's byte order does not matter.
std::uint64_t turned(const Mask& mask, std::uint64_t offset) noexcept
{
    std::array<std::uint8_t, 8> key;
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = mask[(offset + i) % 4];
    std::uint64_t word;
    std::memcpy(&word, key.data(), sizeof word);
    return word;
}

// Inlined into both callers: in place, the compiler sees that nothing else is aliased and takes
// vectors.
inline void xor_words(const char* from, char* to, std::size_t size, std::uint64_t key) noexcept
{
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        std::uint64_t word;
        std::memcpy(&word, from + i, sizeof word);
        word ^= key;
        std::memcpy(to + i, &word, sizeof word);
    }
    std::array<char, 8> tail;
    std::memcpy(tail.data(), &key, sizeof key);
    for (std::size_t k = 0; i + k < size; ++k)
        to[i + k] = static_cast<char>(from[i + k] ^ tail[k]);
}

} // namespace

void apply_mask(std::span<char> bytes, const Mask& mask, std::uint64_t offset) noexcept
{
    if (const std::uint64_t key = turned(mask, offset); key != 0)
        xor_words(bytes.data(), bytes.data(), bytes.size(), key);
}

void copy_masked(std::string_view from, char* to, const Mask& mask, std::uint64_t offset) noexcept
{
    if (from.empty())
        return;
    if (const std::uint64_t key = turned(mask, offset); key != 0)
        xor_words(from.data(), to, from.size(), key);
    else
        std::memcpy(to, from.data(), from.size());
}

} // namespace turngate::net
