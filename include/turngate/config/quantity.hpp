#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::config {

// Quantities as people write them. Nothing when the text is none, or does not fit.

std::optional<std::int64_t> parse_integer(std::string_view text);

// 500ms 30s 5m 1h, or 0
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// 64KiB 16MiB 1GiB, or bytes
std::optional<std::uint64_t> parse_size(std::string_view text);

// A decimal of at most `digits` fraction digits as a whole number of its smallest unit: 1.5 with 6
// is 1'500'000. Exact, no floating point; not negative.
std::optional<std::int64_t> parse_decimal(std::string_view text, unsigned digits);

// The largest unit that loses nothing: 90s, 1h, 64KiB.
std::string duration_text(std::chrono::milliseconds value);
std::string size_text(std::uint64_t value);

} // namespace turngate::config
