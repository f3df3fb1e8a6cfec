#include "memory_rates.hpp"

#include "turngate/core/clock.hpp"

namespace turngate::state {
namespace {

std::int64_t now_ms()
{
    const auto now = core::Clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

bool is_unlimited(RateLimits limits)
{
    return limits.rpm == 0 && limits.tpm == 0;
}

} // namespace

RateVerdict verdict_of(RateLimits limits,
                       std::int64_t wait_ms,
                       std::int64_t requests,
                       std::int64_t tokens)
{
    RateVerdict verdict;
    verdict.fits = wait_ms <= 0;
    if (!verdict.fits)
        verdict.retry_after =
            std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(wait_ms));
    verdict.requests = RateBucket::left_of(requests, limits.rpm);
    verdict.tokens = RateBucket::left_of(tokens, limits.tpm);
    return verdict;
}

net::Task<RateVerdict> MemoryRates::take(std::string_view key,
                                         RateLimits limits,
                                         std::int64_t tokens)
{
    co_return take_now(key, limits, tokens);
}

net::Task<> MemoryRates::settle(std::string_view key, RateLimits limits, std::int64_t tokens)
{
    settle_now(key, limits, tokens);
    co_return;
}

RateVerdict MemoryRates::take_now(std::string_view key, RateLimits limits, std::int64_t tokens)
{
    if (is_unlimited(limits))
        return {};
    const std::int64_t now = now_ms();
    const std::lock_guard lock(mutex_);
    RateBucket& bucket = bucket_of(key, limits, now);
    const std::int64_t wait = bucket.take(limits, tokens, now);
    return verdict_of(limits, wait, bucket.requests(), bucket.tokens());
}

void MemoryRates::settle_now(std::string_view key, RateLimits limits, std::int64_t tokens)
{
    if (limits.tpm == 0)
        return;
    const std::int64_t now = now_ms();
    const std::lock_guard lock(mutex_);
    bucket_of(key, limits, now).settle(limits, tokens, now);
}

std::size_t MemoryRates::buckets() const
{
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

RateBucket& MemoryRates::bucket_of(std::string_view key, RateLimits limits, std::int64_t now)
{
    if (entries_.size() >= sweep_at_)
        forget_full_ones(now);
    const auto [at, is_new] =
        entries_.try_emplace(std::string(key), Entry{RateBucket(limits, now), limits});
    at->second.limits = limits;
    return at->second.bucket;
}

void MemoryRates::forget_full_ones(std::int64_t now)
{
    std::erase_if(entries_,
                  [&](auto& each) { return each.second.bucket.is_full(each.second.limits, now); });
    sweep_at_ = std::max<std::size_t>(1'000, 2 * entries_.size());
}

} // namespace turngate::state
