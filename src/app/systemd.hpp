#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace turngate::app {

// Tells systemd, if it started us (Type=notify): READY=1, STOPPING=1, WATCHDOG=1. Does nothing
// otherwise.
void notify_systemd(std::string_view state) noexcept;

// How often the watchdog wants to hear of us (half of WatchdogSec=); nothing without one.
std::optional<std::chrono::microseconds> watchdog_interval() noexcept;

// Listening sockets passed to us (socket activation, sd_listen_fds(3)), in the order of the .socket
// unit; empty if none. They are used for server.listen in that order.
std::vector<int> passed_sockets() noexcept;

} // namespace turngate::app
