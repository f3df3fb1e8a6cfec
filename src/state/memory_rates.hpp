#pragma once

#include "rate_bucket.hpp"

#include <mutex>
#include <string>
#include <unordered_map>

namespace turngate::state {

// Buckets of this process.
class MemoryRates final : public Rates
{
public:
    net::Task<RateVerdict> take(std::string_view key,
                                RateLimits limits,
                                std::int64_t tokens) override;
    net::Task<> settle(std::string_view key, RateLimits limits, std::int64_t tokens) override;

    // The same at once.
    RateVerdict take_now(std::string_view key, RateLimits limits, std::int64_t tokens);
    void settle_now(std::string_view key, RateLimits limits, std::int64_t tokens);

    std::size_t buckets() const;

private:
    struct Entry
    {
        RateBucket bucket;
        RateLimits limits;
    };

    RateBucket& bucket_of(std::string_view key, RateLimits limits, std::int64_t now);
    void forget_full_ones(std::int64_t now);

    mutable std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::size_t sweep_at_ = 1'000; // entries
};

// Of a bucket that was asked just now; the levels are the bucket's own.
RateVerdict verdict_of(RateLimits limits,
                       std::int64_t wait_ms,
                       std::int64_t requests,
                       std::int64_t tokens);

} // namespace turngate::state
