#include "file_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace turngate::bench {
namespace {

constexpr rlim_t kWanted = 65'536;
// Files that are no session's: what turngate keeps for itself (net/descriptors.hpp), and some.
constexpr rlim_t kOthers = 1'280;

} // namespace

void allow_many_files() noexcept
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlimit raised{std::max(kWanted, limit.rlim_max), std::max(kWanted, limit.rlim_max)};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t session_capacity() noexcept
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return (std::clamp(limit.rlim_cur, 2 * kOthers, kWanted) - kOthers) / 2;
}

} // namespace turngate::bench
