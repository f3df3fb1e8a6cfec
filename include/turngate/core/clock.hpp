#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace turngate::core {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

// Wall time, microseconds: what records and logs carry.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

Timestamp wall_now() noexcept;

// 2026-11-01T12:00:00.123456Z (RFC 3339, always UTC and six digits, so that text order is time order).
std::string to_rfc3339(Timestamp at);

} // namespace turngate::core
