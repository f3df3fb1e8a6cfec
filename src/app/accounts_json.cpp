#include "accounts_json.hpp"

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
        const auto cooling = std::chrono::ceil<std::chrono::seconds>(life.cooled_at() - now);
        all.push_back({{"name", account->config.name},
                       {"running", account->slots->used()},
                       {"waiting", account->slots->waiting()},
                       {"connections", life.connections.load()},
                       {"leased", life.leased.load()},
                       {"parked", life.parked.load()},
                       {"dials", life.dials.load()},
                       {"faults", life.faults.load()},
                       {"cooling_s", life.is_cooling(now) ? cooling.count() : 0},
                       {"credentials_refused", life.is_shut_out.load()},
                       {"breaker", name_of(life.breaker.phase(now))},
                       {"error_rate", life.health.errors.value()},
                       {"quota", quota_json(life.health.quota, now)}});
    }
    return all;
}

} // namespace turngate::app
