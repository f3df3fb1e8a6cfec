#pragma once

#include "turngate/net/task.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace turngate::state {

// Of one key; 0: no limit.
struct RateLimits
{
    unsigned rpm = 0;      // requests per minute
    std::uint64_t tpm = 0; // tokens per minute
};

// What is left of a limit just after a question, and when all of it will be there again.
struct RateLeft
{
    std::uint64_t amount = 0;
    std::chrono::milliseconds full_in{0};

    bool operator==(const RateLeft&) const = default;
};

struct RateVerdict
{
    bool fits = true;
    std::chrono::seconds retry_after{0}; // until it would; at least 1 if it does not fit
    RateLeft requests{};                 // where there is such a limit
    RateLeft tokens{};                   // likewise
};

// Token buckets by key: each holds a minute's worth and fills evenly (behaviour.md section 3).
// Shared by all gateways when the state is. Safe from all loops.
class Rates
{
public:
    virtual ~Rates() = default;

    // One request and its estimated tokens, or nothing of it. An estimate above a whole minute's
    // tokens fits when the bucket is full; it then takes the next minutes' too.
    virtual net::Task<RateVerdict> take(std::string_view key,
                                        RateLimits limits,
                                        std::int64_t tokens) = 0;

    // The turn has ended: real − estimate, and the limits it was taken with. More may be owed than
    // there is.
    virtual net::Task<> settle(std::string_view key, RateLimits limits, std::int64_t tokens) = 0;
};

} // namespace turngate::state
