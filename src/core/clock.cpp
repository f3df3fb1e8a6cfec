#include "turngate/core/clock.hpp"

#include <cstdio>

namespace turngate::core {

Timestamp wall_now() noexcept
{
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Timestamp at)
{
    using namespace std::chrono;
    const auto day = floor<days>(at);
    const year_month_day date{day};
    const hh_mm_ss time{at - day};
    char text[40];
    const int n = std::snprintf(text,
                                sizeof text,
                                "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
                                int(date.year()),
                                unsigned(date.month()),
                                unsigned(date.day()),
                                int(time.hours().count()),
                                int(time.minutes().count()),
                                int(time.seconds().count()),
                                int(time.subseconds().count()));
    return {text, static_cast<std::size_t>(n)};
}

} // namespace turngate::core
