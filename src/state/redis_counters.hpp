#pragma once

#include "turngate/state/health.hpp"

#include <atomic>

namespace turngate::state {

// Written by one loop, read by anyone.
struct RedisCounters
{
    void count_latency(std::chrono::nanoseconds took) noexcept
    {
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took);
        std::size_t bucket = 0;
        while (bucket < kLatencyBounds.size() && us > kLatencyBounds[bucket])
            ++bucket;
        latency[bucket].fetch_add(1, std::memory_order_relaxed);
        latency_us.fetch_add(static_cast<std::uint64_t>(us.count()), std::memory_order_relaxed);
    }

    void add_to(Health& health) const noexcept
    {
        const auto read = [](const auto& counter) {
            return counter.load(std::memory_order_relaxed);
        };
        health.operations += read(operations);
        health.skipped += read(skipped);
        health.late += read(late);
        health.refused += read(refused);
        health.lost += read(lost);
        health.latency_us += read(latency_us);
        for (std::size_t i = 0; i < latency.size(); ++i)
            health.latency[i] += read(latency[i]);
    }

    using Counter = std::atomic<std::uint64_t>;
    Counter operations{0};
    Counter skipped{0};
    Counter late{0};
    Counter refused{0};
    Counter lost{0};
    Counter latency_us{0};
    std::array<Counter, kLatencyBounds.size() + 1> latency{};
};

} // namespace turngate::state
