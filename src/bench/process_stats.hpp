#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace turngate::bench {

// The process and all its descendants, as they are now (nginx: the master and its workers).
std::vector<pid_t> process_tree(pid_t root);

// CPU time of all their threads, ended ones included; exact where /proc counts in 10 ms. A process
// that is gone counts as 0.
std::chrono::nanoseconds cpu_time(const std::vector<pid_t>& processes);
std::chrono::nanoseconds own_cpu_time();

// Memory that is theirs: proportional set size, so that what workers share counts once.
std::uint64_t memory_bytes(const std::vector<pid_t>& processes);

} // namespace turngate::bench
