#include "journal_frame.hpp"

#include "turngate/core/bytes.hpp"

namespace turngate::usage {
namespace {

void append_u32(std::string& to, std::uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        to.push_back(static_cast<char>(value >> shift));
}

std::uint32_t u32_at(std::string_view bytes, std::size_t at)
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value |= std::uint32_t{static_cast<std::uint8_t>(bytes[at + i])} << (8 * i);
    return value;
}

} // namespace

void append_frame(std::string& to, std::string_view payload)
{
    append_u32(to, static_cast<std::uint32_t>(payload.size()));
    append_u32(to, core::crc32c(payload));
    to.append(payload);
}

std::optional<std::string_view> frame_payload(std::string_view bytes)
{
    if (bytes.size() < kFrameHead)
        return std::nullopt;
    const std::size_t length = u32_at(bytes, 0);
    if (length == 0 || length > kMaxPayload || length > bytes.size() - kFrameHead)
        return std::nullopt;
    const std::string_view payload = bytes.substr(kFrameHead, length);
    if (core::crc32c(payload) != u32_at(bytes, 4))
        return std::nullopt;
    return payload;
}

} // namespace turngate::usage
