#include "growth.hpp"

#include "interrupt.hpp"
#include "measurement.hpp"
#include "process_stats.hpp"

#include <algorithm>
#include <stdexcept>

namespace turngate::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kActive = 100;
constexpr std::size_t kConversations = 16;
constexpr auto kSettle = 500ms;       // after the last turn, until a session counts as idle
constexpr auto kRampPerSession = 1ms; // idle sessions do not take their turn all at once

double memory_kib(const Trial& trial)
{
    return static_cast<double>(memory_bytes(trial.subject.processes())) / 1024;
}

double turn_cost(const Trial& trial, Fleet& fleet, const Phase& phase)
{
    const auto measured = measure_phase(fleet, phase, trial.subject.processes());
    trial.total.merge(measured.tally);
    if (measured.tally.turns == 0)
        throw std::runtime_error("no turn was completed");
    return measured.cpu_us_per(measured.tally.turns);
}

double steady_turn_cost(const Trial& trial, Fleet& fleet)
{
    return turn_cost(
        trial, fleet, {~std::uint64_t{0}, core::Clock::now() + trial.scale.window, 0ns});
}

} // namespace

IdleCrowd::IdleCrowd(const Trial& trial, std::size_t sessions)
    : trial_(trial), sessions_(sessions), fleet_(trial.plan(), sessions, 1)
{
    const double before = memory_kib(trial);
    fleet_.connect();
    const auto ramp = std::min<std::chrono::nanoseconds>(kRampPerSession * sessions, 2s);
    fleet_.play({1, core::Deadline::max(), ramp});
    rest(kSettle);
    added_kib_ = memory_kib(trial) - before;
}

IdleCrowd::~IdleCrowd()
{
    fleet_.close();
    trial_.total.merge(fleet_.take_tally());
}

double IdleCrowd::kib_per_session() const noexcept
{
    return added_kib_ / static_cast<double>(sessions_);
}

std::vector<Sample> measure_many_sessions(const Trial& trial)
{
    Fleet active(trial.plan(), kActive, 1);
    active.connect();
    active.play({});
    trial.total.merge(active.take_tally());
    const double alone = steady_turn_cost(trial, active);
    const IdleCrowd crowd(trial, trial.scale.many_sessions - kActive);
    const double among_many = steady_turn_cost(trial, active);
    active.close();
    trial.total.merge(active.take_tally());
    return {{Figure::many_cpu_growth, among_many / alone},
            {Figure::many_memory, crowd.kib_per_session()}};
}

std::vector<Sample> measure_long_conversation(const Trial& trial)
{
    const std::uint64_t stretch = std::max<std::uint64_t>(trial.scale.long_conversation / 10, 1);
    Fleet fleet(trial.conversation(), kConversations, 1);
    fleet.connect();
    fleet.play({});
    trial.total.merge(fleet.take_tally());
    const double early = turn_cost(trial, fleet, {stretch, core::Deadline::max(), 0ns});
    turn_cost(
        trial, fleet, {trial.scale.long_conversation - 2 * stretch, core::Deadline::max(), 0ns});
    const double late = turn_cost(trial, fleet, {stretch, core::Deadline::max(), 0ns});
    fleet.close();
    trial.total.merge(fleet.take_tally());
    return {{Figure::length_growth, late / early}};
}

} // namespace turngate::bench
