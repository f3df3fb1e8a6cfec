#include "turngate/accounts/backoff.hpp"

#include <algorithm>

namespace turngate::accounts {
namespace {

constexpr std::int64_t kFirst = 120;
constexpr std::int64_t kLongest = 2000;
constexpr int kMostDoublings = 5; // beyond that it is above the longest whatever the jitter

} // namespace

std::chrono::milliseconds backoff(int attempt, std::uint32_t random) noexcept
{
    const int doublings = std::clamp(attempt - 1, 0, kMostDoublings);
    const std::int64_t middle = std::min(kFirst << doublings, kLongest);
    const std::int64_t permille = 800 + static_cast<std::int64_t>(random % 401);
    return std::chrono::milliseconds(std::min(middle * permille / 1000, kLongest));
}

} // namespace turngate::accounts
