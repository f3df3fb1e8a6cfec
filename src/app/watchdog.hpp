#pragma once

#include "snapshots.hpp"

#include "turngate/net/loop.hpp"
#include "turngate/telemetry/metrics.hpp"

#include <memory>
#include <vector>

namespace turngate::app {

// Looks after the process twice a second: sets the gauges that nobody counts up and down, and tells
// systemd's watchdog that we are well. It hears of us from the admin loop, and only while no loop
// stands still.
class Watchdog
{
public:
    struct Parts
    {
        const std::vector<std::unique_ptr<net::Loop>>& loops;
        state::State& state;
        const Snapshots& snapshots;
        telemetry::Metrics& metrics;
    };

    // Its timer is the loop's: all on its thread.
    Watchdog(net::Loop& loop, Parts parts);

    void start();
    void stop();

private:
    void look();
    void beat();
    void measure_loops();
    void measure_state();
    void measure_accounts();
    void measure_log();

    net::Loop& loop_;
    Parts parts_;
    net::Timer timer_;
    bool was_still_ = false;
};

} // namespace turngate::app
