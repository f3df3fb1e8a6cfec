#include "read.hpp"

namespace turngate::config {
namespace {

using namespace std::chrono_literals;

constexpr double kMaxWeight = 1'000;

void read_weights(const Value& value, Weights& out)
{
    Section weights = value.section();
    weights["priority"].read_real(out.priority, 0, kMaxWeight);
    weights["load"].read_real(out.load, 0, kMaxWeight);
    weights["queue"].read_real(out.queue, 0, kMaxWeight);
    weights["error_rate"].read_real(out.error_rate, 0, kMaxWeight);
    weights["ttft"].read_real(out.ttft, 0, kMaxWeight);
    if (out.priority + out.load + out.queue + out.error_rate + out.ttft == 0)
        value.complain("must not all be 0");
}

// The upper bounds are those of the breaker's state word (accounts).
void read_breaker(Section breaker, BreakerRules& out)
{
    breaker["failures"].read_number(out.failures, 1, 1'000);
    breaker["open"].read_duration(out.open, 1s, 1h);
    const Value max_open = breaker["max_open"];
    max_open.read_duration(out.max_open, 1s, 1h);
    if (max_open.is_given() && out.max_open < out.open)
        max_open.complain("must not be less than scheduler.breaker.open");
    else if (out.max_open < out.open)
        out.max_open = out.open; // the default is not to shorten what was asked for
    breaker["probes"].read_number(out.probes, 1, 31);
}

} // namespace

void read_scheduler(Section scheduler, Scheduler& out)
{
    scheduler["pick"].read_word<Pick>(
        out.pick,
        {{"weighted_top_k", Pick::weighted_top_k}, {"p2c", Pick::p2c}, {"softmax", Pick::softmax}});
    scheduler["top_k"].read_number(out.top_k, 1, 1'000);
    scheduler["temperature"].read_real(out.temperature, 0.01, 100);
    scheduler["sticky_max_error_rate"].read_real(out.sticky_max_error_rate, 0, 1);
    read_weights(scheduler["weights"], out.weights);
    read_breaker(scheduler["breaker"].section(), out.breaker);
}

} // namespace turngate::config
