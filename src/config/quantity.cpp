#include "turngate/config/quantity.hpp"

#include <algorithm>
#include <charconv>
#include <span>

namespace turngate::config {
namespace {

struct Unit
{
    std::string_view name;
    std::int64_t factor;
};

// Largest first; parsing compares whole suffixes, so the order matters to the printing only.
constexpr Unit kDurations[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kSizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::optional<std::int64_t> times(std::int64_t value, std::int64_t factor)
{
    std::int64_t product;
    if (__builtin_mul_overflow(value, factor, &product))
        return std::nullopt;
    return product;
}

std::optional<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units)
{
    const auto end_of_digits = std::ranges::find_if_not(text, is_digit);
    const auto n = static_cast<std::size_t>(end_of_digits - text.begin());
    const auto number = parse_integer(text.substr(0, n));
    const auto unit = std::ranges::find(units, text.substr(n), &Unit::name);
    if (!number || unit == units.end())
        return std::nullopt;
    return times(*number, unit->factor);
}

std::string text_with_unit(std::int64_t value, std::span<const Unit> units)
{
    const auto unit =
        std::ranges::find_if(units, [&](const Unit& u) { return value % u.factor == 0; });
    return std::to_string(value / unit->factor).append(unit->name);
}

} // namespace

std::optional<std::int64_t> parse_integer(std::string_view text)
{
    std::int64_t value;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end)
        return std::nullopt;
    return value;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
{
    if (text == "0")
        return std::chrono::milliseconds{0};
    const auto value = parse_with_unit(text, kDurations);
    if (!value)
        return std::nullopt;
    return std::chrono::milliseconds{*value};
}

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    const auto value = parse_with_unit(text, kSizes);
    if (!value)
        return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

std::optional<std::int64_t> parse_decimal(std::string_view text, unsigned digits)
{
    const std::size_t point = std::min(text.find('.'), text.size());
    std::string all(text.substr(0, point));
    if (point < text.size()) {
        const std::string_view fraction = text.substr(point + 1);
        if (fraction.empty() || fraction.size() > digits)
            return std::nullopt;
        digits -= static_cast<unsigned>(fraction.size());
        all.append(fraction);
    }
    if (point == 0 || !std::ranges::all_of(all, is_digit))
        return std::nullopt;
    return parse_integer(all.append(digits, '0'));
}

std::string duration_text(std::chrono::milliseconds value)
{
    return value.count() == 0 ? "0" : text_with_unit(value.count(), kDurations);
}

std::string size_text(std::uint64_t value)
{
    return value == 0 ? "0" : text_with_unit(static_cast<std::int64_t>(value), kSizes);
}

} // namespace turngate::config
