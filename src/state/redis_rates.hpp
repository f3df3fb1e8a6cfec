#pragma once

#include "memory_rates.hpp"
#include "redis_links.hpp"

namespace turngate::state {

// Buckets in Redis; while it is away, those of this process, which are kept up to date for that.
class RedisRates final : public Rates
{
public:
    explicit RedisRates(const RedisLinks& links) : links_(links) {}

    net::Task<RateVerdict> take(std::string_view key,
                                RateLimits limits,
                                std::int64_t tokens) override;
    net::Task<> settle(std::string_view key, RateLimits limits, std::int64_t tokens) override;

private:
    const RedisLinks& links_;
    MemoryRates local_;
};

} // namespace turngate::state
