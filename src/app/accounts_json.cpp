#include "accounts_json.hpp"

#include <algorithm>

namespace turngate::app {
namespace {

using core::Clock;

std::string_view name_of(accounts::Breaker::Phase phase)
{
    switch (phase) {
    case accounts::Breaker::Phase::closed:
        return "closed";
    case accounts::Breaker::Phase::open:
        return "open";
    case accounts::Breaker::Phase::half_open:
        return "half_open";
    }
    return "unknown";
}

std::int64_t seconds_until(core::Deadline at, core::Deadline now)
{
    return std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(at - now).count(), 0);
}

// The credentials by the first bytes of their digest: enough to see that they have changed.
nlohmann::ordered_json standing_json(const accounts::Account& account, core::Deadline now)
{
    const accounts::Standing& standing = *account.standing;
    const auto fitness = account.is_off() ? accounts::Fitness::off : standing.fitness({}, now);
    nlohmann::ordered_json json{{"reason", accounts::name(fitness)}};
    const auto until = standing.retry_at({}, now);
    json["until_s"] = until ? nlohmann::ordered_json(seconds_until(*until, now)) : nullptr;
    json["disabled"] = standing.is_disabled();
    const auto probe = standing.refused_until(now);
    json["credentials"] = {{"digest", account.credentials.hex().substr(0, 8)},
                           {"refused", probe.has_value()},
                           {"missing", account.config.api_key.empty()}};
    if (probe)
        json["credentials"]["probe_in_s"] = seconds_until(*probe, now);
    json["cooling"] = nlohmann::ordered_json::array();
    for (const auto& cooling : standing.coolings(now))
        json["cooling"].push_back(
            {{"model", cooling.model.empty() ? nullptr : nlohmann::ordered_json(cooling.model)},
             {"until_s", seconds_until(cooling.until, now)}});
    return json;
}

nlohmann::ordered_json quota_json(const accounts::QuotaWindows& quota, core::Deadline now)
{
    auto windows = nlohmann::ordered_json::array();
    for (const auto& window : quota.all(now)) {
        const auto left = std::chrono::ceil<std::chrono::seconds>(window.resets_at - now);
        windows.push_back({{"window", window.name},
                           {"used_percent", window.used_percent},
                           {"resets_in_s", left.count()}});
    }
    return windows;
}

} // namespace

nlohmann::ordered_json accounts_json(const accounts::AccountSet& accounts)
{
    auto all = nlohmann::ordered_json::array();
    const auto now = Clock::now();
    for (const auto& account : accounts.all()) {
        const accounts::AccountLife& life = *account->life;
        accounts::Standing& standing = *account->standing;
        core::Deadline cooled_at = now;
        for (const auto& cooling : standing.coolings(now))
            cooled_at = std::max(cooled_at, cooling.until);
        all.push_back({{"name", account->config.name},
                       {"running", account->slots->used()},
                       {"waiting", account->slots->waiting()},
                       {"connections", life.connections.load()},
                       {"leased", life.leased.load()},
                       {"parked", life.parked.load()},
                       {"dials", life.dials.load()},
                       {"faults", life.faults.load()},
                       {"cooling_s", seconds_until(cooled_at, now)},
                       {"credentials_refused", standing.refused_until(now).has_value()},
                       {"breaker", name_of(standing.breaker().phase(now))},
                       {"error_rate", life.health.errors.value()},
                       {"quota", quota_json(standing.quota(), now)},
                       {"standing", standing_json(*account, now)}});
    }
    return all;
}

} // namespace turngate::app
