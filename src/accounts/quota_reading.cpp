#include "turngate/accounts/quota_reading.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace turngate::accounts {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

constexpr std::string_view kWindows[] = {"primary", "secondary"};

std::optional<double> number(std::string_view text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 1e12)
        return std::nullopt;
    return value;
}

std::optional<double> number(const Json& object, const char* name)
{
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number())
        return std::nullopt;
    return found->get<double>();
}

core::Deadline at(double epoch_seconds, core::Timestamp wall, core::Deadline now)
{
    const auto left =
        epoch_seconds - std::chrono::duration<double>(wall.time_since_epoch()).count();
    return now + seconds(static_cast<std::int64_t>(left));
}

} // namespace

std::vector<QuotaWindow> read_quota(const net::HttpHeaders& headers,
                                    core::Timestamp wall,
                                    core::Deadline now)
{
    std::vector<QuotaWindow> windows;
    for (const std::string_view name : kWindows) {
        const std::string prefix = "x-codex-" + std::string(name) + "-";
        const auto used = number(headers.get(prefix + "used-percent"));
        if (!used)
            continue;
        core::Deadline resets_at = now + QuotaWindows::kUntold;
        if (const auto left = number(headers.get(prefix + "reset-after-seconds")))
            resets_at = now + seconds(static_cast<std::int64_t>(*left));
        else if (const auto then = number(headers.get(prefix + "reset-at")))
            resets_at = at(*then, wall, now);
        windows.push_back({std::string(name), *used, resets_at});
    }
    return windows;
}

std::vector<QuotaWindow> read_quota(std::string_view rate_limits,
                                    core::Timestamp wall,
                                    core::Deadline now)
{
    std::vector<QuotaWindow> windows;
    const Json event = Json::parse(rate_limits, nullptr, false);
    const auto limits = event.is_object() ? event.find("rate_limits") : event.end();
    if (limits == event.end() || !limits->is_object())
        return windows;
    for (const std::string_view name : kWindows) {
        const auto window = limits->find(std::string(name));
        if (window == limits->end() || !window->is_object())
            continue;
        const auto used = number(*window, "used_percent");
        const auto then = number(*window, "reset_at");
        if (used && *used >= 0)
            windows.push_back({std::string(name),
                               *used,
                               then ? at(*then, wall, now) : now + QuotaWindows::kUntold});
    }
    return windows;
}

} // namespace turngate::accounts
