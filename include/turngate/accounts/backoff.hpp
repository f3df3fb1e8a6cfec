#pragma once

#include <chrono>
#include <cstdint>

namespace turngate::accounts {

// How long to wait before the attempt-th repetition on the same account, counted from 1: 120 ms
// doubling, 20 % more or less by `random` (any number), never above 2 s.
std::chrono::milliseconds backoff(int attempt, std::uint32_t random) noexcept;

} // namespace turngate::accounts
