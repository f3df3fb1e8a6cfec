#include "turngate/telemetry/log.hpp"

#include "turngate/core/clock.hpp"

#include "line.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>

namespace turngate::telemetry {
namespace {

std::atomic<config::LogLevel> least{config::LogLevel::info};
std::atomic<config::LogFormat> format{config::LogFormat::text};

// Never destroyed: the last lines come from destructors and other threads. The sink's lock keeps
// lines whole; lines arrive here finished, so spdlog adds nothing but the newline.
spdlog::logger& sink()
{
    static spdlog::logger& logger = *[] {
        auto made = std::make_unique<spdlog::logger>(
            "turngate", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        made->set_level(spdlog::level::trace);
        return made.release();
    }();
    return logger;
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
    const bool is_json = format.load(std::memory_order_relaxed) == config::LogFormat::json;
    const auto make_line = is_json ? json_line : text_line;
    const std::string line = make_line(core::wall_now(), level, event, fields);
    sink().log(spdlog::level::info, spdlog::string_view_t(line));
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
