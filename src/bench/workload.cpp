#include "workload.hpp"

#include "growth.hpp"
#include "interrupt.hpp"
#include "measurement.hpp"
#include "process_stats.hpp"

#include <stdexcept>
#include <utility>

namespace turngate::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kEndless = ~std::uint64_t{0};
constexpr double kUsPerMs = 1'000;

Phase for_window(std::chrono::milliseconds window, std::chrono::nanoseconds ramp = 0ns)
{
    return {kEndless, core::Clock::now() + window, ramp};
}

// Connects, warms up with one turn of each, and watches a window.
Measurement watch(const Trial& trial,
                  const LoadPlan& plan,
                  std::size_t connections,
                  Phase (*make_phase)(const Scale&))
{
    Fleet fleet(plan, connections, 1);
    if (!plan.reconnect)
        fleet.connect();
    fleet.play({});
    trial.total.merge(fleet.take_tally());
    auto measured = measure_phase(fleet, make_phase(trial.scale), trial.subject.processes());
    fleet.close();
    trial.total.merge(measured.tally);
    trial.total.merge(fleet.take_tally());
    if (measured.tally.turns == 0)
        throw std::runtime_error("no turn was completed");
    return measured;
}

Phase at_once(const Scale& scale)
{
    return for_window(scale.window);
}

// Streams begin spread over half a second, so that their deltas do not all fall on the same
// instant.
Phase spread(const Scale& scale)
{
    return for_window(scale.window + 1s, 500ms);
}

std::vector<Sample> measure_saturated(const Trial& trial)
{
    const auto measured = watch(trial, trial.plan(), 64, at_once);
    const auto events = measured.tally.events;
    return {{Figure::saturated_cpu, measured.cpu_us_per(events)},
            {Figure::saturated_rate, measured.per_second(events)}};
}

std::vector<Sample> measure_paced(const Trial& trial)
{
    const auto measured = watch(trial, trial.plan(), 200, spread);
    return {{Figure::paced_cpu, measured.cpu_us_per(measured.tally.events)}};
}

void add_percentiles(std::vector<Sample>& samples,
                     const Histogram& histogram,
                     Figure p50,
                     Figure p99)
{
    if (histogram.count() == 0)
        return;
    using Microseconds = std::chrono::duration<double, std::micro>;
    samples.push_back({p50, Microseconds(histogram.percentile(0.5)).count()});
    samples.push_back({p99, Microseconds(histogram.percentile(0.99)).count()});
}

std::vector<Sample> measure_latency(const Trial& trial)
{
    LoadPlan plan = trial.plan();
    plan.clock = true;
    plan.model = "sim-1-clock";
    const auto measured = watch(trial, plan, 50, spread);
    std::vector<Sample> samples;
    add_percentiles(samples, measured.tally.event, Figure::event_p50, Figure::event_p99);
    add_percentiles(samples, measured.tally.first_event, Figure::first_p50, Figure::first_p99);
    return samples;
}

std::vector<Sample> measure_connect(const Trial& trial)
{
    LoadPlan plan = trial.plan();
    plan.reconnect = true;
    plan.chain = false;
    const auto measured = watch(trial, plan, 16, at_once);
    return {{Figure::connect_cpu, measured.cpu_us_per(measured.tally.turns)}};
}

std::vector<Sample> measure_bulk(const Trial& trial)
{
    LoadPlan plan = trial.plan();
    plan.chain = false;
    plan.input_bytes = 1 << 20;
    const auto measured = watch(trial, plan, 4, at_once);
    return {{Figure::bulk_cpu, measured.cpu_us_per(measured.tally.turns) / kUsPerMs}};
}

std::vector<Sample> measure_short_turns(const Trial& trial)
{
    const auto measured = watch(trial, trial.plan(), 16, at_once);
    return {{Figure::turn_cpu, measured.cpu_us_per(measured.tally.turns)}};
}

std::vector<Sample> measure_idle_memory(const Trial& trial)
{
    IdleCrowd first(trial,
                    100); // code paths and allocator are warm: what follows is the sessions' own
    IdleCrowd crowd(trial, trial.scale.sessions);
    return {{Figure::idle_memory, crowd.kib_per_session()}};
}

std::vector<std::string> sim_options(int deltas, int bytes, int interval_us)
{
    return {"--deltas",
            std::to_string(deltas),
            "--delta-bytes",
            std::to_string(bytes),
            "--delta-interval-us",
            std::to_string(interval_us)};
}

} // namespace

LoadPlan Trial::plan() const
{
    LoadPlan plan;
    plan.url = net::parse_url(subject.url()).value();
    plan.key = Subject::key();
    plan.chain = sides.client == Protocol::ws;
    plan.stored = plan.chain && sides.upstream == Protocol::http;
    return plan;
}

LoadPlan Trial::conversation() const
{
    LoadPlan conversation = plan();
    conversation.chain = true;
    conversation.stored = sides.has_http();
    return conversation;
}

const std::vector<Workload>& workloads()
{
    static const auto kShort = sim_options(8, 64, 0);
    // The text comes five times: as deltas, and as a whole with the end of the text, its part, its
    // item and the response.
    static const auto kBulk = sim_options(16, (1 << 20) / 5 / 16, 0);
    static const auto kPaced = sim_options(100, 64, 5'000);
    static const std::vector<Workload> all{
        {"saturated", sim_options(2'000, 64, 0), measure_saturated},
        {"paced", kPaced, measure_paced},
        {"latency", kPaced, measure_latency, true},
        {"connect", sim_options(1, 64, 0), measure_connect},
        {"bulk", kBulk, measure_bulk},
        {"memory", kShort, measure_idle_memory},
        {"turn", kShort, measure_short_turns},
        {"many", kShort, measure_many_sessions, false, true},
        {"length", kShort, measure_long_conversation, false, true},
    };
    return all;
}

} // namespace turngate::bench
