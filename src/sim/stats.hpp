#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace turngate::sim {

// GET /_sim/stats.
struct Stats
{
    std::uint64_t connections_open = 0;
    std::uint64_t connections_total = 0; // accepted upgrades
    std::uint64_t upgrades = 0;          // asked for, refused ones included
    std::uint64_t creates = 0;
    std::map<std::string, std::uint64_t> responses; // by status; error and aborted too
    std::uint64_t pings = 0;
    std::uint64_t pongs = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t events = 0;

    std::string to_json() const;
};

} // namespace turngate::sim
