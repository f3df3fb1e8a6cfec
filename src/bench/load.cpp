#include "load.hpp"

#include "interrupt.hpp"
#include "process_stats.hpp"

namespace turngate::bench {
namespace {

std::vector<pid_t> processes_of(const LoadOptions& options)
{
    return options.measured ? process_tree(*options.measured) : std::vector<pid_t>{};
}

Phase phase_of(const LoadOptions& options)
{
    Phase phase{options.turns, core::Deadline::max(), options.ramp};
    if (options.duration)
        phase.until = core::Clock::now() + *options.duration;
    return phase;
}

double kib_between(std::uint64_t before, std::uint64_t after, std::size_t connections)
{
    return (static_cast<double>(after) - static_cast<double>(before)) / 1024 /
           static_cast<double>(connections);
}

} // namespace

LoadResult run_load(const LoadOptions& options)
{
    LoadResult result;
    result.connections = options.connections;
    result.has_process = options.measured.has_value();
    const auto processes = processes_of(options);
    const auto memory_before = memory_bytes(processes);

    Fleet fleet(options.plan, options.connections, options.threads);
    if (!options.plan.reconnect)
        fleet.connect();
    result.total = fleet.take_tally();
    result.measured = measure_phase(fleet, phase_of(options), processes);
    result.total.merge(result.measured.tally);
    if (options.idle.count() > 0) {
        rest(options.idle);
        if (result.has_process)
            result.kib_per_session =
                kib_between(memory_before, memory_bytes(processes), options.connections);
    }
    fleet.close();
    result.total.merge(fleet.take_tally());
    return result;
}

} // namespace turngate::bench
