#pragma once

#include "turngate/state/rates.hpp"

#include <algorithm>
#include <cstdint>

namespace turngate::state {

// One key's buckets of requests and tokens. Levels are in 60,000ths, so that a limit per minute is
// a whole number of them per millisecond and nothing is ever rounded; at most an hour's worth is
// owed. The same arithmetic is in rate_scripts.cpp, for Redis. No clock: `now` is any, in ms.
class RateBucket
{
public:
    RateBucket(RateLimits limits, std::int64_t now)
        : requests_(full(limits.rpm)), tokens_(full(limits.tpm)), at_(now)
    {
    }

    // Milliseconds to wait; 0: taken.
    std::int64_t take(RateLimits limits, std::int64_t tokens, std::int64_t now)
    {
        fill(limits, now);
        tokens = std::clamp<std::int64_t>(tokens, 0, kMost);
        const std::int64_t needed = std::min(tokens * kUnit, full(limits.tpm));
        const std::int64_t wait =
            std::max(wait_for(kUnit, requests_, limits.rpm), wait_for(needed, tokens_, limits.tpm));
        if (wait == 0) {
            requests_ = within(requests_ - kUnit, limits.rpm);
            tokens_ = within(tokens_ - tokens * kUnit, limits.tpm);
        }
        return wait;
    }

    std::int64_t requests() const noexcept { return requests_; }
    std::int64_t tokens() const noexcept { return tokens_; }

    // What a level means to whoever has the limit.
    static RateLeft left_of(std::int64_t level, std::uint64_t limit)
    {
        return {static_cast<std::uint64_t>(std::max<std::int64_t>(level, 0) / kUnit),
                std::chrono::milliseconds(wait_for(full(limit), level, limit))};
    }

    void settle(RateLimits limits, std::int64_t tokens, std::int64_t now)
    {
        fill(limits, now);
        tokens = std::clamp(tokens, -kMost, kMost);
        tokens_ = within(tokens_ - tokens * kUnit, limits.tpm);
    }

    // Nothing would be lost by forgetting it.
    bool is_full(RateLimits limits, std::int64_t now) const
    {
        RateBucket then = *this;
        then.fill(limits, now);
        return then.requests_ == full(limits.rpm) && then.tokens_ == full(limits.tpm);
    }

private:
    static constexpr std::int64_t kUnit = 60'000;
    static constexpr std::int64_t kMost = 1'000'000'000; // a limit or turn above this is one of it
    static constexpr std::int64_t kMostOwed = 60;        // minutes
    static constexpr std::int64_t kMostPassed = 4'000'000; // fills it, whatever is owed

    static std::int64_t rate(std::uint64_t limit)
    {
        return static_cast<std::int64_t>(std::min<std::uint64_t>(limit, kMost));
    }
    static std::int64_t full(std::uint64_t limit) { return rate(limit) * kUnit; }
    static std::int64_t within(std::int64_t level, std::uint64_t limit)
    {
        return std::clamp(level, -kMostOwed * full(limit), full(limit));
    }
    static std::int64_t wait_for(std::int64_t needed, std::int64_t level, std::uint64_t limit)
    {
        return limit == 0 || level >= needed ? 0 : (needed - level + rate(limit) - 1) / rate(limit);
    }

    void fill(RateLimits limits, std::int64_t now)
    {
        const std::int64_t passed = std::clamp<std::int64_t>(now - at_, 0, kMostPassed);
        requests_ = within(requests_ + passed * rate(limits.rpm), limits.rpm);
        tokens_ = within(tokens_ + passed * rate(limits.tpm), limits.tpm);
        at_ = now;
    }

    std::int64_t requests_;
    std::int64_t tokens_;
    std::int64_t at_;
};

} // namespace turngate::state
