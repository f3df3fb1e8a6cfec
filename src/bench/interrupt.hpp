#pragma once

#include <chrono>

namespace turngate::bench {

// SIGINT and SIGTERM end a run early and in order: loads stop between turns, children are stopped,
// files removed. A second signal ends the program at once.
void catch_interrupts();
bool is_interrupted() noexcept;

// Sleeps for the time, or until interrupted.
void rest(std::chrono::milliseconds time);

} // namespace turngate::bench
