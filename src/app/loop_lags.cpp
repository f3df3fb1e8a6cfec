#include "loop_lags.hpp"

#include <algorithm>

namespace turngate::app {

std::chrono::microseconds longest_lag(const Loops& loops) noexcept
{
    std::chrono::microseconds longest{0};
    for (const auto& loop : loops)
        longest = std::max(longest, loop->lag());
    return longest;
}

std::vector<unsigned> standing_still(const Loops& loops)
{
    std::vector<unsigned> still;
    for (const auto& loop : loops)
        if (loop->lag() > kStandsStill)
            still.push_back(loop->index());
    return still;
}

} // namespace turngate::app
