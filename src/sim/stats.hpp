#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace turngate::sim {

// GET /_sim/stats.
struct Stats
{
    std::uint64_t connections_open = 0;
    std::uint64_t connections_total = 0;     // accepted upgrades
    std::uint64_t upgrades = 0;              // asked for, refused ones included
    std::uint64_t http_connections_open = 0; // that asked for anything but /_sim
    std::uint64_t http_connections_total = 0;
    std::uint64_t requests = 0;           // no upgrades, nothing of /_sim
    std::map<int, std::uint64_t> answers; // to them, by status; 0: none
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
