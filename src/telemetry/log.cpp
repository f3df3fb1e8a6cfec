#include "turngate/telemetry/log.hpp"

#include "turngate/core/clock.hpp"
#include "turngate/telemetry/log_whole.hpp"

#include "line.hpp"
#include "line_writer.hpp"
#include "seldom.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace turngate::telemetry {
namespace {

std::atomic<config::LogLevel> least{config::LogLevel::info};
std::atomic<config::LogFormat> format{config::LogFormat::text};

constexpr std::size_t kMostWaiting = 2 * 1024 * 1024;
constexpr auto kAtExit = std::chrono::seconds(1);
constexpr std::size_t kMostHourly = 1000;
constexpr std::size_t kWhole = 16 * 1024;

std::string make_line(config::LogLevel level,
                      std::string_view event,
                      Fields fields,
                      std::size_t most = kMostOfAValue)
{
    const bool is_json = format.load(std::memory_order_relaxed) == config::LogFormat::json;
    return (is_json ? json_line : text_line)(core::wall_now(), level, event, fields, most);
}

std::string dropped_line(std::uint64_t dropped)
{
    return make_line(config::LogLevel::warn, "log lines dropped", {{"lines", dropped}});
}

// Never destroyed: the last lines come from destructors and other threads, and its thread may hang
// for ever where nobody reads.
LineWriter& writer()
{
    static LineWriter& made = *[] {
        std::atexit([] { flush_log(kAtExit); });
        return new LineWriter(STDERR_FILENO, kMostWaiting, dropped_line);
    }();
    return made;
}

} // namespace

void start_log(const config::Log& log)
{
    format.store(log.format, std::memory_order_relaxed);
    least.store(log.level, std::memory_order_relaxed);
}

bool logs(config::LogLevel level) noexcept
{
    return level >= least.load(std::memory_order_relaxed);
}

void log(config::LogLevel level, std::string_view event, Fields fields)
{
    if (!logs(level))
        return;
    writer().put(make_line(level, event, fields));
}

void log_error_whole(std::string_view event, Fields fields)
{
    writer().put(make_line(config::LogLevel::error, event, fields, kWhole));
}

void log_warn_hourly(std::string_view event, const Field& subject)
{
    static Seldom seldom(std::chrono::hours(1), kMostHourly);
    const auto* value = std::get_if<std::string_view>(&subject.value);
    const std::string what = std::string(event) + '\0' + std::string(value ? *value : "");
    if (seldom.is_due(what, core::Clock::now()))
        log_warn(event, {subject});
}

bool flush_log(std::chrono::milliseconds patience)
{
    return writer().flush(core::Clock::now() + patience);
}

std::uint64_t dropped_log_lines()
{
    return writer().dropped();
}

std::string redact(std::string_view secret)
{
    constexpr std::size_t kFirst = 7;
    constexpr std::size_t kLast = 4;
    // At least as much stays hidden as is shown.
    if (secret.size() < 2 * (kFirst + kLast))
        return "...";
    return std::string(secret.substr(0, kFirst)) + "..." +
           std::string(secret.substr(secret.size() - kLast));
}

} // namespace turngate::telemetry
