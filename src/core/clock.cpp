#include "turngate/core/clock.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace turngate::core {

Timestamp wall_now() noexcept
{
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
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

namespace {

// A number of exactly that many digits, taken off the front of text.
std::optional<int> take_digits(std::string_view& text, std::size_t digits)
{
    if (text.size() < digits)
        return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, digits)) { // from_chars would take a sign for a digit
        if (c < '0' || c > '9')
            return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view any_of)
{
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos)
        return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::chrono::seconds> read_span(std::string_view text)
{
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end + 1 != text.data() + text.size() || count < 0 ||
        count > 1'000'000'000)
        return std::nullopt;
    switch (*end) {
    case 's':
        return std::chrono::seconds(count);
    case 'm':
        return std::chrono::minutes(count);
    case 'h':
        return std::chrono::hours(count);
    case 'd':
        return std::chrono::hours(24 * std::min<std::int64_t>(count, 1'000'000));
    default:
        return std::nullopt;
    }
}

// Z, +hh:mm or -hh:mm; what local time is ahead of UTC.
std::optional<std::chrono::minutes> take_zone(std::string_view& text)
{
    if (take(text, "Zz"))
        return std::chrono::minutes(0);
    const bool is_behind = text.starts_with('-');
    if (!take(text, "+-"))
        return std::nullopt;
    const auto hours = take_digits(text, 2);
    const bool has_colon = take(text, ":");
    const auto minutes = take_digits(text, 2);
    if (!hours || !has_colon || !minutes || *hours > 23 || *minutes > 59)
        return std::nullopt;
    const auto ahead = std::chrono::minutes(*hours * 60 + *minutes);
    return is_behind ? -ahead : ahead;
}

std::chrono::microseconds take_fraction(std::string_view& text)
{
    std::int64_t value = 0;
    std::int64_t unit = 1'000'000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        unit /= 10;
        value += (text.front() - '0') * unit;
        text.remove_prefix(1);
    }
    return std::chrono::microseconds(value);
}

} // namespace

std::optional<Timestamp> read_time(std::string_view text, Timestamp now)
{
    using namespace std::chrono;
    if (const auto back = read_span(text))
        return now - *back;

    const auto y = take_digits(text, 4);
    const bool first_dash = take(text, "-");
    const auto m = take_digits(text, 2);
    const bool second_dash = take(text, "-");
    const auto d = take_digits(text, 2);
    if (!y || !first_dash || !m || !second_dash || !d)
        return std::nullopt;
    const year_month_day date{
        year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d))};
    if (!date.ok())
        return std::nullopt;
    Timestamp at = sys_days(date);
    if (text.empty())
        return at;

    if (!take(text, "Tt "))
        return std::nullopt;
    const auto hour = take_digits(text, 2);
    const bool first_colon = take(text, ":");
    const auto minute = take_digits(text, 2);
    const bool second_colon = take(text, ":");
    const auto second = take_digits(text, 2);
    if (!hour || !first_colon || !minute || !second_colon || !second || *hour > 23 ||
        *minute > 59 || *second > 60)
        return std::nullopt;
    at += hours(*hour) + minutes(*minute) + seconds(*second);
    if (take(text, "."))
        at += take_fraction(text);
    const auto zone = take_zone(text);
    if (!zone || !text.empty())
        return std::nullopt;
    return at - *zone;
}

} // namespace turngate::core
