#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::core {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

// Wall time, microseconds: what records and logs carry.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

Timestamp wall_now() noexcept;

// 2026-11-01T12:00:00.123456Z (RFC 3339, always UTC and six digits, so that text order is time
// order).
std::string to_rfc3339(Timestamp at);

// RFC 3339, a date (its first moment, UTC), or a span back from now: 90s, 30m, 24h, 7d.
std::optional<Timestamp> read_time(std::string_view text, Timestamp now);

} // namespace turngate::core
