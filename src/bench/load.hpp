#pragma once

#include "measurement.hpp"

#include <optional>

namespace turngate::bench {

// One load on one URL.
struct LoadOptions
{
    LoadPlan plan;
    std::size_t connections = 8;
    unsigned threads = 1;
    std::uint64_t turns = 10; // of each connection
    std::optional<std::chrono::seconds> duration;
    std::chrono::milliseconds ramp{0};
    std::chrono::seconds idle{0};  // hold the connections after the turns
    std::optional<pid_t> measured; // whose CPU and memory
};

struct LoadResult
{
    Measurement measured;
    Tally total; // connecting, turns and closing
    std::size_t connections = 0;
    bool has_process = false;
    std::optional<double> kib_per_session; // with idle and a measured process
};

LoadResult run_load(const LoadOptions& options);

} // namespace turngate::bench
