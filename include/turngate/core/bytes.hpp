#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace turngate::core {

std::string to_hex(std::span<const std::uint8_t> bytes);
std::optional<std::string> from_hex(std::string_view text); // nothing if it is no hex

std::string to_base64(std::string_view bytes);

// %41 → A. Nothing: a `%` that begins no byte.
std::optional<std::string> percent_decode(std::string_view text);

bool is_utf8(std::string_view text) noexcept;

// At most max_bytes of valid UTF-8: bad sequences become U+FFFD, a cut never splits a character,
// NUL is dropped. What goes into databases and close reasons passes through here.
std::string clean_utf8(std::string_view text, std::size_t max_bytes);

// CRC-32C (Castagnoli), as in the journal's frames.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0) noexcept;

} // namespace turngate::core
