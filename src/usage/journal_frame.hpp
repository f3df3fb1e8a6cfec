#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::usage {

// u32 length, u32 CRC-32C of the payload, payload; little endian.
inline constexpr std::size_t kFrameHead = 8;
inline constexpr std::size_t kMaxPayload = 64 << 10; // a record is below 10 KiB; more is damage

void append_frame(std::string& to, std::string_view payload);

// The payload of the frame at the start of `bytes`, a view into them. Nothing: torn, damaged, or no
// frame at all. An empty payload is none: a disk that lost its power leaves zeros, and zeros must
// not look like a frame.
std::optional<std::string_view> frame_payload(std::string_view bytes);

} // namespace turngate::usage
