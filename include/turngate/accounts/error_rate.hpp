#pragma once

#include "turngate/accounts/outcome.hpp"

#include <atomic>
#include <cstdint>

namespace turngate::accounts {

// The share of turns an account failed of late: the larger of a quick and a slow moving average.
// Both are one atomic word; no outcome is lost, whichever loops report at once.
class ErrorRate
{
public:
    void count(Outcome::Kind outcome) noexcept; // success and fault; all else says nothing

    double value() const noexcept; // 0…1
    unsigned samples() const noexcept { return samples_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> averages_{0};
    std::atomic<unsigned> samples_{0};
};

} // namespace turngate::accounts
