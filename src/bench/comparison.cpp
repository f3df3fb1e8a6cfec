#include "comparison.hpp"

#include "file_limit.hpp"
#include "interrupt.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>

namespace turngate::bench {
namespace {

bool wants(const std::vector<std::string>& only, const std::string& workload)
{
    return only.empty() || std::ranges::find(only, workload) != only.end();
}

bool takes_part(const Workload& workload, const std::string& subject)
{
    if (workload.alone)
        return subject == kTurngate;
    return subject != kDirect || workload.with_direct;
}

} // namespace

bool ComparisonResult::is_sound() const noexcept
{
    return complete && total.is_sound() && total.error_count() == 0 && total.refusal_count() == 0;
}

Comparison::Comparison(ComparisonOptions options) : options_(std::move(options)) {}

ComparisonResult Comparison::run()
{
    result_.sides = options_.sides;
    choose_subjects();
    if (options_.place.cores.is_shared())
        result_.notes.push_back(
            "one core for everything: the figures are no measure of what is usual");
    limit_sessions();
    pin_to(options_.place.cores.load);
    for (const Workload& workload : workloads())
        if (wants(options_.only, workload.name) && !is_interrupted())
            run_workload(workload);
    if (is_interrupted())
        fail("interrupted");
    if (samples_.contains(Figure::first_p50) && !samples_.contains(Figure::event_p50))
        result_.notes.push_back(
            "the upstream's deltas carry no time: latency is that of the first event");
    result_.rows = make_rows(medians(), options_.sides.client);
    return std::move(result_);
}

void Comparison::choose_subjects()
{
    std::vector<std::string> wanted{std::string(kDirect)};
    wanted.insert(wanted.end(), options_.proxies.begin(), options_.proxies.end());
    wanted.emplace_back(kTurngate);
    for (const std::string& subject : wanted) {
        const std::string why = why_missing(subject, options_.place);
        if (why.empty())
            result_.subjects.push_back(subject);
        else
            result_.notes.push_back(subject + " is left out: " + why);
        if (!why.empty() && subject == kTurngate)
            result_.complete = false;
    }
}

void Comparison::limit_sessions()
{
    constexpr std::size_t kMore = 200; // besides the idle ones
    const std::size_t most = session_capacity() - kMore;
    Scale& scale = options_.scale;
    if (scale.many_sessions > most || scale.sessions > most)
        result_.notes.push_back("the limit of open files allows " + std::to_string(most) +
                                " sessions");
    scale.many_sessions = std::min(scale.many_sessions, most);
    scale.sessions = std::min(scale.sessions, most);
}

void Comparison::run_workload(const Workload& workload)
{
    try {
        const Sim sim(options_.place, workload.sim_options);
        const unsigned rounds = workload.alone ? 1 : options_.rounds;
        for (unsigned round = 1; round <= rounds; ++round)
            run_round(workload, sim, round);
    } catch (const std::exception& failure) {
        fail("turngate-sim: " + std::string(failure.what()));
    }
}

void Comparison::run_round(const Workload& workload, const Sim& sim, unsigned round)
{
    for (const std::string& subject : result_.subjects) {
        if (!takes_part(workload, subject) || is_interrupted())
            continue;
        std::fprintf(stderr, "%s, %s, round %u\n", workload.name.c_str(), subject.c_str(), round);
        measure(workload, sim, subject);
    }
}

void Comparison::measure(const Workload& workload, const Sim& sim, const std::string& subject)
{
    try {
        const Subject running(subject, options_.place, options_.sides, sim.port());
        const Trial trial{running, options_.scale, options_.sides, result_.total};
        const auto samples = workload.measure(trial);
        if (is_interrupted())
            return; // half a window is no measurement
        for (const Sample& sample : samples)
            samples_[sample.figure][subject].push_back(sample.value);
    } catch (const std::exception& failure) {
        fail(workload.name + ", " + subject + ": " + failure.what());
    }
}

void Comparison::fail(const std::string& note)
{
    result_.notes.push_back(note);
    result_.complete = false;
}

Medians Comparison::medians() const
{
    Medians medians;
    for (const auto& [figure, subjects] : samples_)
        for (const auto& [subject, values] : subjects)
            medians[figure][subject] = median(values);
    return medians;
}

} // namespace turngate::bench
