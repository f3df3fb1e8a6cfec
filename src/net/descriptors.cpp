#include "turngate/net/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace turngate::net {
namespace {

constexpr long kMost = 1 << 30; // where there is no limit

} // namespace

Descriptors divide(long limit) noexcept
{
    const long most = limit < 0 ? kMost : std::min(limit, kMost);
    const long reserve = std::min(std::clamp(most / 8, 32L, 1024L), most);
    return {static_cast<int>(most), static_cast<int>(reserve)};
}

Descriptors descriptors() noexcept
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return divide(1024);
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    const bool is_bounded = limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < kMost;
    return divide(is_bounded ? static_cast<long>(limit.rlim_cur) : kMost);
}

} // namespace turngate::net
