#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace turngate::state {

// Upper bounds of the answers' times, for a histogram; the last bucket has the rest.
inline constexpr std::array kLatencyBounds{std::chrono::microseconds(250),
                                           std::chrono::microseconds(1'000),
                                           std::chrono::microseconds(5'000),
                                           std::chrono::microseconds(20'000),
                                           std::chrono::microseconds(50'000)};

// For metrics and the status page. Counters only grow.
struct Health
{
    std::string_view backend;     // memory or redis
    unsigned loops = 0;           // with a connection of their own; 0 for memory
    unsigned loops_up = 0;        // the others work by themselves (the breaker is open)
    std::uint64_t operations = 0; // sent to Redis
    std::uint64_t skipped = 0;    // not sent: away, or too many under way
    std::uint64_t late = 0;       // answered after state.redis.timeout, or never
    std::uint64_t refused = 0;    // answered with an error
    std::uint64_t lost = 0;       // connections
    std::uint64_t latency_us = 0; // sum over all answers in time
    std::array<std::uint64_t, kLatencyBounds.size() + 1> latency{};

    bool is_shared() const noexcept { return loops_up == loops; }
};

} // namespace turngate::state
