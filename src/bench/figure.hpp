#pragma once

#include "sides.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace turngate::bench {

// What a workload measures of a subject.
enum class Figure : std::uint8_t {
    saturated_cpu,  // µs an event
    saturated_rate, // events a second
    paced_cpu,      // µs an event
    event_p50,      // µs from sending to arrival
    event_p99,
    first_p50, // µs from the create to the first event
    first_p99,
    connect_cpu,     // µs
    bulk_cpu,        // ms a turn
    idle_memory,     // KiB a session
    turn_cpu,        // µs a short turn
    many_cpu_growth, // many sessions ÷ few: CPU of a turn
    many_memory,     // KiB a session when they are many
    length_growth,   // late turns of a conversation ÷ early ones: CPU of a turn
};

struct Sample
{
    Figure figure;
    double value;
};

// subject → value, for each figure: medians of the rounds.
using Medians = std::map<Figure, std::map<std::string, double>>;

double median(std::vector<double> values); // not empty

// One line of the report.
struct Row
{
    std::string label;
    std::string unit;
    std::map<std::string, double> values; // by subject
    std::optional<double> ratio;          // turngate to the better proxy
    std::string target;                   // empty: for information
    std::optional<bool> met;              // nothing: no target, or what it refers to is missing
};

// The table of targets (docs/performance.md), with what was measured of it. Figures that nobody has
// are left out.
std::vector<Row> make_rows(const Medians& medians, Protocol client);

} // namespace turngate::bench
