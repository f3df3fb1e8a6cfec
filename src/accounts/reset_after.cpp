#include "reset_after.hpp"

#include "time_text.hpp"

#include <algorithm>
#include <string>

namespace turngate::accounts {
namespace {

using std::chrono::seconds;

constexpr seconds kShortest{1};
constexpr seconds kLongest = std::chrono::days(31);

std::optional<Reset> reset_of(std::optional<Span> span, bool is_of_window = false)
{
    if (!span)
        return std::nullopt;
    return Reset{std::clamp(std::chrono::ceil<seconds>(*span), kShortest, kLongest), is_of_window};
}

std::optional<Span> read_retry_after(const net::HttpHeaders& headers, core::Timestamp now)
{
    const auto exact = read_number_of(headers.get("retry-after-ms"), Span(1));
    if (exact)
        return exact;
    const std::string_view text = headers.get("retry-after");
    const auto span = read_number_of(text, seconds(1));
    return span ? span : read_until(text, now);
}

std::string lower(std::string_view name)
{
    std::string text(name);
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

// Quota windows: `x-codex-<name>-reset-at` or `-reset-after-seconds`, beside `-used-percent`.
struct Windows
{
    std::optional<Span> full;    // until the last of the used-up ones ends
    std::optional<Span> unknown; // until the first of those ends that do not say

    void add(std::optional<Span> reset, std::optional<double> percent)
    {
        if (!reset)
            return;
        if (!percent)
            unknown = std::min(*reset, unknown.value_or(*reset));
        else if (*percent >= 100)
            full = std::max(*reset, full.value_or(*reset));
    }
};

Windows read_windows(const net::HttpHeaders& headers, core::Timestamp now)
{
    constexpr std::string_view kAfter = "reset-after-seconds";
    constexpr std::string_view kAt = "reset-at";
    Windows windows;
    for (const auto& [written, value] : headers) {
        std::string name = lower(written);
        const bool is_after = name.ends_with(kAfter);
        if (!name.starts_with("x-codex-") || !(is_after || name.ends_with(kAt)))
            continue;
        name.resize(name.size() - (is_after ? kAfter : kAt).size());
        const auto percent = read_number(headers.get(name + "used-percent"));
        windows.add(is_after ? read_number_of(value, seconds(1)) : read_until(value, now), percent);
    }
    return windows;
}

// The vendor's limits a minute: `x-ratelimit-reset-<what>`, beside `-remaining-<what>`.
Windows read_rate_limits(const net::HttpHeaders& headers)
{
    constexpr std::string_view kReset = "x-ratelimit-reset-";
    Windows windows;
    for (const auto& [written, value] : headers) {
        const std::string name = lower(written);
        if (!name.starts_with(kReset))
            continue;
        const auto left =
            read_number(headers.get("x-ratelimit-remaining-" + name.substr(kReset.size())));
        const auto percent = left ? std::optional(*left < 1 ? 100.0 : 0.0) : std::nullopt;
        windows.add(read_span(value), percent);
    }
    return windows;
}

std::optional<Reset> read_place(const SaidPlace& place, core::Timestamp now)
{
    if (const auto span = read_number_of(place.resets_in_seconds, seconds(1)))
        return reset_of(span);
    if (const auto span = read_until(place.resets_at, now))
        return reset_of(span);
    return reset_after(place.headers, now);
}

std::optional<Reset> read_message(const SaidPlace& place, core::Timestamp)
{
    return reset_of(read_try_again(place.message));
}

} // namespace

std::optional<Reset> reset_after(const net::HttpHeaders& headers, core::Timestamp now)
{
    const Windows windows = read_windows(headers, now);
    if (windows.full)
        return reset_of(windows.full, true);
    if (const auto retry_after = read_retry_after(headers, now))
        return reset_of(retry_after);
    const Windows rates = read_rate_limits(headers);
    if (rates.full)
        return reset_of(rates.full);
    return reset_of(windows.unknown ? windows.unknown : rates.unknown);
}

std::optional<Reset> reset_after(const SaidFields& said, core::Timestamp now)
{
    for (const auto read : {&read_place, &read_message}) // words only where no field tells
        for (const SaidPlace* place : {&said.error, &said.response_error, &said.top})
            if (const auto told = read(*place, now))
                return told;
    return std::nullopt;
}

} // namespace turngate::accounts
