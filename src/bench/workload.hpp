#pragma once

#include "figure.hpp"
#include "load_plan.hpp"
#include "subject.hpp"
#include "tally.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace turngate::bench {

// How much of everything: the whole table in three minutes, or in under one.
struct Scale
{
    std::chrono::milliseconds window{1'500}; // how long a stream of turns is watched
    std::size_t sessions = 1'000;            // idle ones, for memory
    std::size_t many_sessions = 10'000;      // for growth
    std::uint64_t long_conversation = 1'000; // turns
};

// One measurement: a fresh subject, a sim of the workload's making.
struct Trial
{
    const Subject& subject;
    const Scale& scale;
    Sides sides;
    Tally& total; // everything that was seen, warm-ups too

    LoadPlan plan() const;
    // Each turn the child of the one before.
    LoadPlan conversation() const;
};

struct Workload
{
    std::string name;
    std::vector<std::string> sim_options;
    std::function<std::vector<Sample>(const Trial&)> measure;
    bool with_direct = false; // the baseline is a subject too
    bool alone = false;       // of turngate only, and once: it compares with itself
};

const std::vector<Workload>& workloads();

} // namespace turngate::bench
