#pragma once

#include "turngate/config/config.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace turngate::telemetry {

// One field of a log line: {"account", name}, {"ms", 12}. The views live until the call returns.
struct Field
{
    using Value = std::variant<std::string_view, std::int64_t, double, bool>;

    std::string_view name;
    Value value;

    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, bool v) : name(n), value(v) {}
    Field(std::string_view n, std::floating_point auto v) : name(n), value(static_cast<double>(v))
    {
    }
    Field(std::string_view n, std::integral auto v) : name(n), value(static_cast<std::int64_t>(v))
    {
    }
};

using Fields = std::initializer_list<Field>;

// To standard error. Until start_log: info, text.
void start_log(const config::Log& log);
bool logs(config::LogLevel level) noexcept;

// `event` is a short constant phrase ("turn ended"); everything that varies is a field, cut to 256
// bytes. Never text of users, never keys (behaviour.md section 9). Never waits for who reads
// standard error: lines queue, and beyond 2 MiB of them they are dropped, which a line tells later.
void log(config::LogLevel level, std::string_view event, Fields fields = {});

inline void log_debug(std::string_view event, Fields fields = {})
{
    log(config::LogLevel::debug, event, fields);
}
inline void log_info(std::string_view event, Fields fields = {})
{
    log(config::LogLevel::info, event, fields);
}
inline void log_warn(std::string_view event, Fields fields = {})
{
    log(config::LogLevel::warn, event, fields);
}
inline void log_error(std::string_view event, Fields fields = {})
{
    log(config::LogLevel::error, event, fields);
}

// A warning that would come with every turn: once an hour for each value of `subject`.
void log_warn_hourly(std::string_view event, const Field& subject);

// Waits until what was logged so far is written; false: not in that time. The process does it at
// its exit, for a second at most.
bool flush_log(std::chrono::milliseconds patience);

// Lines that could not be written, since the start.
std::uint64_t dropped_log_lines();

// A secret as it may be shown: first 7 and last 4 characters of long ones, nothing of short ones.
std::string redact(std::string_view secret);

} // namespace turngate::telemetry
