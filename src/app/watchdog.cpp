#include "watchdog.hpp"

#include "loop_lags.hpp"
#include "systemd.hpp"

#include "turngate/telemetry/log.hpp"

#include <chrono>

namespace turngate::app {
namespace {

using core::Clock;

constexpr auto kPause = std::chrono::milliseconds(500);

} // namespace

Watchdog::Watchdog(net::Loop& loop, Parts parts)
    : loop_(loop), parts_(parts), timer_(loop.context())
{
}

void Watchdog::start()
{
    look();
    timer_.expires_after(kPause);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error)
            start();
    });
}

void Watchdog::stop()
{
    timer_.cancel();
}

void Watchdog::look()
{
    measure_loops();
    measure_state();
    measure_accounts();
    measure_log();
    beat();
}

// systemd kills a process that it does not hear of for WatchdogSec=.
void Watchdog::beat()
{
    const auto still = standing_still(parts_.loops);
    if (still.empty() && watchdog_interval())
        notify_systemd("WATCHDOG=1");
    if (!still.empty() && !was_still_)
        telemetry::log_error("a loop stands still", {{"loop", still.front()}});
    was_still_ = !still.empty();
}

void Watchdog::measure_loops()
{
    const auto set = [this](const std::string& loop, std::chrono::microseconds lag) {
        parts_.metrics
            .gauge("turngate_loop_lag_seconds",
                   "How late a loop's last tick came, or by how much the next is overdue",
                   {{"loop", loop}})
            .set(std::chrono::duration<double>(lag).count());
    };
    for (const auto& loop : parts_.loops)
        set(std::to_string(loop->index()), loop->lag());
    set("admin", loop_.lag());
}

void Watchdog::measure_state()
{
    const state::Health store = parts_.state.health();
    const auto set = [&](const char* name, const char* help, double value) {
        parts_.metrics.gauge(name, help).set(value);
    };
    set("turngate_state_loops_up", "Loops that share their state", store.loops_up);
    set("turngate_state_operations", "Operations sent to Redis", double(store.operations));
    set("turngate_state_skipped", "Operations not sent: Redis is away", double(store.skipped));
    set("turngate_state_late", "Operations that were not answered in time", double(store.late));
    set("turngate_state_seconds", "Sum of the answers' times", double(store.latency_us) / 1e6);
}

void Watchdog::measure_accounts()
{
    const auto now = Clock::now();
    for (const auto& account : parts_.snapshots.current()->accounts.all()) {
        const telemetry::Labels labels{{"account", account->config.name}};
        const accounts::Standing& standing = *account->standing;
        parts_.metrics.gauge("turngate_account_error_rate", "Share of failed turns of late", labels)
            .set(account->life->health.errors.value());
        parts_.metrics
            .gauge("turngate_account_cooling", "1 while the account is left alone", labels)
            .set(standing.coolings(now).empty() ? 0 : 1);
        parts_.metrics.gauge("turngate_account_breaker_open", "1 while its breaker is open", labels)
            .set(standing.breaker().phase(now) == accounts::Breaker::Phase::open ? 1 : 0);
    }
}

void Watchdog::measure_log()
{
    const telemetry::Counter dropped = parts_.metrics.counter(
        "turngate_log_dropped_total", "Log lines that standard error did not take");
    dropped.add(static_cast<double>(telemetry::dropped_log_lines()) - dropped.value());
}

} // namespace turngate::app
