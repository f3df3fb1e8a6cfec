#include "turngate/accounts/cooling.hpp"

#include "time_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace turngate::accounts {
namespace {

using std::chrono::seconds;
using Json = nlohmann::json;

constexpr seconds kByDefault = std::chrono::minutes(5);
constexpr seconds kShortest{1};
constexpr seconds kLongest = std::chrono::days(31);
constexpr std::size_t kLongestJson = 1024 * 1024; // a whole response.failed, but no attack

std::optional<seconds> cooling_of(std::optional<Span> span)
{
    if (!span)
        return std::nullopt;
    return std::clamp(std::chrono::ceil<seconds>(*span), kShortest, kLongest);
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

std::string text_of(const Json& value)
{
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string field(const Json& object, const char* name)
{
    const auto found = object.find(name);
    return found == object.end() ? std::string() : text_of(*found);
}

net::HttpHeaders read_headers(const Json& error)
{
    net::HttpHeaders headers;
    const auto map = error.find("headers");
    if (map == error.end() || !map->is_object())
        return headers;
    for (const auto& [name, value] : map->items())
        headers.add(name, text_of(value));
    return headers;
}

std::optional<seconds> read_error(const Json& error, core::Timestamp now)
{
    if (const auto span = read_number_of(field(error, "resets_in_seconds"), seconds(1)))
        return cooling_of(span);
    if (const auto span = read_until(field(error, "resets_at"), now))
        return cooling_of(span);
    return reset_after(read_headers(error), now);
}

std::optional<seconds> read_message(const Json& error, core::Timestamp)
{
    return cooling_of(read_try_again(field(error, "message")));
}

const Json* find_object(const Json& object, const char* name)
{
    const auto found = object.find(name);
    return found != object.end() && found->is_object() ? &*found : nullptr;
}

} // namespace

std::optional<seconds> reset_after(const net::HttpHeaders& headers, core::Timestamp now)
{
    const Windows windows = read_windows(headers, now);
    if (windows.full)
        return cooling_of(windows.full);
    const auto retry_after = read_retry_after(headers, now);
    return cooling_of(retry_after ? retry_after : windows.unknown);
}

std::optional<seconds> reset_after(std::string_view json, core::Timestamp now)
{
    if (json.empty() || json.size() > kLongestJson)
        return std::nullopt;
    const Json event = Json::parse(json, nullptr, false);
    if (!event.is_object())
        return std::nullopt;
    const Json* response = find_object(event, "response");
    const Json* const places[] = {
        find_object(event, "error"), response ? find_object(*response, "error") : nullptr, &event};
    for (const auto read : {&read_error, &read_message}) // words only where no field tells
        for (const Json* place : places)
            if (const auto told = place ? read(*place, now) : std::nullopt)
                return told;
    return std::nullopt;
}

seconds cooling(const net::HttpHeaders& headers, std::string_view json, core::Timestamp now)
{
    const auto told = reset_after(headers, now);
    return told ? *told : reset_after(json, now).value_or(kByDefault);
}

} // namespace turngate::accounts
