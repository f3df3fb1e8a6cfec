#include "turngate/core/id.hpp"

#include "turngate/core/bytes.hpp"
#include "turngate/core/clock.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace turngate::core {

void random_bytes(std::span<std::uint8_t> out)
{
    while (!out.empty()) {
        const auto n = ::getrandom(out.data(), out.size(), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            std::abort();
        out = out.subspan(static_cast<std::size_t>(n));
    }
}

std::uint32_t random_u32() noexcept
{
    // One system call for 256 keys; RFC 6455 5.3 asks for a strong source, not a fast guess.
    thread_local std::array<std::uint32_t, 256> pool;
    thread_local std::size_t used = pool.size();
    if (used == pool.size()) {
        random_bytes({reinterpret_cast<std::uint8_t*>(pool.data()), sizeof pool});
        used = 0;
    }
    return pool[used++];
}

std::string uuid7()
{
    std::array<std::uint8_t, 16> id;
    random_bytes(id);
    const auto ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(wall_now().time_since_epoch())
            .count());
    for (int i = 0; i < 6; ++i)
        id[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    id[6] = static_cast<std::uint8_t>(0x70 | (id[6] & 0x0f));
    id[8] = static_cast<std::uint8_t>(0x80 | (id[8] & 0x3f));

    std::string text = to_hex(id);
    for (const std::size_t at : {8u, 13u, 18u, 23u})
        text.insert(at, 1, '-');
    return text;
}

std::string Digest::hex() const
{
    return to_hex(bytes);
}

std::uint64_t Digest::prefix() const noexcept
{
    std::uint64_t value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

Digest sha256(std::string_view text)
{
    Digest digest;
    ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.bytes.data());
    return digest;
}

bool equal_in_constant_time(const Digest& a, const Digest& b) noexcept
{
    return ::CRYPTO_memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
}

} // namespace turngate::core
