#pragma once

#include "sides.hpp"
#include "verifier.hpp"

#include "turngate/net/dial.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace turngate::bench {

// What all clients of a load have in common.
struct LoadPlan
{
    net::Url url;
    std::string key;
    std::string model = "sim-1";
    std::size_t input_bytes = 64;
    bool chain = true;      // the parent is the connection's last response
    bool stored = false;    // by the upstream, which then finds it on any connection
    bool reconnect = false; // connect, one turn, close
    bool clock = false;     // deltas carry "t": the CLOCK_MONOTONIC nanoseconds of their sending
    std::chrono::milliseconds think{0};
    std::chrono::milliseconds turn_timeout{60'000};
    DeltaRule deltas;

    Protocol protocol() const noexcept
    {
        return url.scheme.starts_with("http") ? Protocol::http : Protocol::ws;
    }
};

// A stretch of turns on connections that stay. Whatever comes first ends it; a turn that was begun
// is finished.
struct Phase
{
    std::uint64_t turns = 1; // of each client
    core::Deadline until = core::Deadline::max();
    std::chrono::nanoseconds ramp{0}; // the clients begin spread evenly over it
};

} // namespace turngate::bench
