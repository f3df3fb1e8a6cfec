#pragma once

#include "turngate/net/loop.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace turngate::app {

using Loops = std::vector<std::unique_ptr<net::Loop>>;

// A loop that has not come round for so long serves nobody.
inline constexpr auto kStandsStill = std::chrono::seconds(2);

// The greatest. Any thread.
std::chrono::microseconds longest_lag(const Loops& loops) noexcept;

// Those that stand still. Any thread.
std::vector<unsigned> standing_still(const Loops& loops);

} // namespace turngate::app
