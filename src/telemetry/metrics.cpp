#include "turngate/telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace turngate::telemetry {

void Counter::add(double n) const noexcept
{
    if (counter_)
        counter_->Increment(n);
}

double Counter::value() const noexcept
{
    return counter_ ? counter_->Value() : 0;
}

void Gauge::set(double value) const noexcept
{
    if (gauge_)
        gauge_->Set(value);
}

void Gauge::add(double n) const noexcept
{
    if (gauge_)
        gauge_->Increment(n);
}

double Gauge::value() const noexcept
{
    return gauge_ ? gauge_->Value() : 0;
}

void Histogram::observe(double value) const noexcept
{
    if (histogram_)
        histogram_->Observe(value);
}

// Registering a known name or known labels again gives what is there: the registry's Merge does
// that.
struct Metrics::Registry
{
    prometheus::Registry families{prometheus::Registry::InsertBehavior::Merge};
};

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels)
{
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry_->families);
    return Counter(family.Add(labels));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels)
{
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry_->families);
    return Gauge(family.Add(labels));
}

Histogram Metrics::histogram(const std::string& name,
                             const std::string& help,
                             const std::vector<double>& upper_bounds,
                             const Labels& labels)
{
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry_->families);
    return Histogram(family.Add(labels, upper_bounds));
}

std::string Metrics::render() const
{
    return prometheus::TextSerializer().Serialize(registry_->families.Collect());
}

std::vector<double> latency_bounds()
{
    return {0.001,
            0.0025,
            0.005,
            0.01,
            0.025,
            0.05,
            0.1,
            0.25,
            0.5,
            1,
            2.5,
            5,
            10,
            30,
            60,
            120,
            300,
            600};
}

} // namespace turngate::telemetry
