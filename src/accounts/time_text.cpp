#include "time_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace turngate::accounts {
namespace {

using namespace std::chrono;

constexpr double kMostMilliseconds = 1e15;  // thousands of years, far from any overflow
constexpr double kFirstMilliseconds = 1e11; // as seconds since 1970 that were the year 5138

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_without_case(char a, char b) noexcept
{
    return lower(a) == lower(b);
}

void skip_spaces(std::string_view& text) noexcept
{
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::optional<double> take_number(std::string_view& text) noexcept
{
    double value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (read.ec != std::errc() || !std::isfinite(value) || std::signbit(value))
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return value;
}

Span span_of(double count, Span unit) noexcept
{
    const double exact = count * static_cast<double>(unit.count());
    return Span(static_cast<std::int64_t>(std::ceil(std::min(exact, kMostMilliseconds))));
}

Span until(core::Timestamp then, core::Timestamp now) noexcept
{
    return std::max(Span(0), ceil<Span>(then - now));
}

std::string_view take_word(std::string_view& text, std::string_view separators) noexcept
{
    text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(word.size());
    return word;
}

std::optional<int> read_digits(std::string_view text) noexcept
{
    int value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value < 0)
        return std::nullopt;
    return value;
}

std::optional<seconds> read_clock(std::string_view text) noexcept
{
    const auto hour = read_digits(take_word(text, ":"));
    const auto minute = read_digits(take_word(text, ":"));
    const auto second = read_digits(take_word(text, ":"));
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60)
        return std::nullopt;
    return hours(*hour) + minutes(*minute) + seconds(*second);
}

std::optional<month> read_month(std::string_view word) noexcept
{
    constexpr std::array<std::string_view, 12> kMonths = {
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
    const auto is_it = [&](std::string_view name) {
        return std::equal(word.begin(), word.end(), name.begin(), name.end(), same_without_case);
    };
    const auto found = std::find_if(kMonths.begin(), kMonths.end(), is_it);
    if (found == kMonths.end())
        return std::nullopt;
    return month(static_cast<unsigned>(found - kMonths.begin()) + 1);
}

// RFC 850's two digits: the century that is not far in the future.
int full_year(int written) noexcept
{
    if (written >= 100)
        return written;
    return written < 70 ? 2000 + written : 1900 + written;
}

// The parts of a date as they come: all forms have the day before the year.
struct DateParts
{
    std::optional<int> day;
    std::optional<int> year;
    std::optional<month> in_month;
    std::optional<seconds> clock;

    void take(std::string_view word) noexcept
    {
        if (word.find(':') != std::string_view::npos)
            clock = read_clock(word);
        else if (const auto number = read_digits(word))
            (day ? year : day) = number;
        else if (const auto named = read_month(word))
            in_month = named;
    }
};

std::optional<core::Timestamp> read_http_date(std::string_view text) noexcept
{
    DateParts parts;
    while (!text.empty())
        parts.take(take_word(text, " ,-\t"));
    if (!parts.day || !parts.year || !parts.in_month || !parts.clock || *parts.year > 9999)
        return std::nullopt;
    const auto day_of_month = static_cast<unsigned>(*parts.day);
    const year_month_day date{year(full_year(*parts.year)), *parts.in_month, day(day_of_month)};
    if (!date.ok())
        return std::nullopt;
    return core::Timestamp(sys_days(date)) + *parts.clock;
}

std::optional<Span> read_unit(std::string_view word) noexcept
{
    struct Unit
    {
        std::string_view name;
        Span span;
    };
    constexpr std::array<Unit, 13> kUnits = {{{"ms", milliseconds(1)},
                                              {"s", seconds(1)},
                                              {"sec", seconds(1)},
                                              {"second", seconds(1)},
                                              {"seconds", seconds(1)},
                                              {"m", minutes(1)},
                                              {"minute", minutes(1)},
                                              {"minutes", minutes(1)},
                                              {"h", hours(1)},
                                              {"hour", hours(1)},
                                              {"hours", hours(1)},
                                              {"day", days(1)},
                                              {"days", days(1)}}};
    for (const Unit& unit : kUnits)
        if (unit.name == word)
            return unit.span;
    return std::nullopt;
}

std::string_view take_letters(std::string_view& text) noexcept
{
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto end = std::find_if_not(text.begin(), text.end(), is_letter);
    const auto letters = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(letters.size());
    return letters;
}

std::optional<Span> take_span(std::string_view& text) noexcept
{
    skip_spaces(text);
    const auto count = take_number(text);
    skip_spaces(text);
    const auto unit = read_unit(take_letters(text));
    if (!count || !unit)
        return std::nullopt;
    return span_of(*count, *unit);
}

// As many as there are, one behind the other.
std::optional<Span> take_spans(std::string_view& text) noexcept
{
    std::optional<Span> sum;
    for (std::string_view rest = text;;) {
        const auto span = take_span(rest);
        if (!span)
            return sum;
        text = rest;
        sum = std::min(sum.value_or(Span(0)) + *span, span_of(kMostMilliseconds, Span(1)));
    }
}

} // namespace

std::optional<double> read_number(std::string_view text) noexcept
{
    skip_spaces(text);
    const auto value = take_number(text);
    skip_spaces(text);
    return text.empty() ? value : std::nullopt;
}

std::optional<Span> read_number_of(std::string_view text, Span unit) noexcept
{
    const auto count = read_number(text);
    if (!count)
        return std::nullopt;
    return span_of(*count, unit);
}

std::optional<Span> read_until(std::string_view text, core::Timestamp now) noexcept
{
    if (const auto since_1970 = read_number(text)) {
        const Span unit = *since_1970 < kFirstMilliseconds ? Span(1000) : Span(1);
        return until(core::Timestamp(span_of(*since_1970, unit)), now);
    }
    if (const auto date = read_http_date(text))
        return until(*date, now);
    if (text.find('T') == std::string_view::npos) // read_time takes spans back from now as well
        return std::nullopt;
    const auto moment = core::read_time(text, now);
    return moment ? std::optional(until(*moment, now)) : std::nullopt;
}

std::optional<Span> read_try_again(std::string_view message) noexcept
{
    constexpr std::string_view kWords = "try again in ";
    const auto found = std::search(
        message.begin(), message.end(), kWords.begin(), kWords.end(), same_without_case);
    if (found == message.end())
        return std::nullopt;
    message.remove_prefix(static_cast<std::size_t>(found - message.begin()) + kWords.size());
    return take_spans(message);
}

std::optional<Span> read_span(std::string_view text) noexcept
{
    if (const auto plain = read_number_of(text, seconds(1)))
        return plain;
    const auto sum = take_spans(text);
    skip_spaces(text);
    return text.empty() ? sum : std::nullopt;
}

} // namespace turngate::accounts
