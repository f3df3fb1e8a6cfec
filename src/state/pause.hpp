#pragma once

#include "turngate/core/id.hpp"

#include <algorithm>
#include <chrono>

namespace turngate::state {

// Between two attempts to reach Redis: 100 ms, doubling to 1 s, ±20 % so that gateways do not come
// all at once.
class Pause
{
public:
    std::chrono::milliseconds next()
    {
        const auto percent = 80 + core::random_u32() % 41;
        const auto now = next_ * percent / 100;
        next_ = std::min(next_ * 2, kMost);
        return now;
    }
    void reset() noexcept { next_ = kLeast; }

private:
    static constexpr std::chrono::milliseconds kLeast{100};
    static constexpr std::chrono::milliseconds kMost{1'000};

    std::chrono::milliseconds next_ = kLeast;
};

} // namespace turngate::state
