#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
} // namespace prometheus

namespace turngate::telemetry {

using Labels = std::map<std::string, std::string>;

// Handles: cheap to copy, valid as long as their Metrics. Safe from every thread. A default-made
// one does nothing.
class Counter
{
public:
    Counter() = default;
    explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
    void add(double n = 1) const noexcept;
    double value() const noexcept;

private:
    prometheus::Counter* counter_ = nullptr;
};

class Gauge
{
public:
    Gauge() = default;
    explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
    void set(double value) const noexcept;
    void add(double n) const noexcept;
    double value() const noexcept;

private:
    prometheus::Gauge* gauge_ = nullptr;
};

class Histogram
{
public:
    Histogram() = default;
    explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
    void observe(double value) const noexcept;

private:
    prometheus::Histogram* histogram_ = nullptr;
};

// The registry behind /metrics. Names are turngate_…; asking again for the same name and labels
// gives the same series.
class Metrics
{
public:
    Metrics();
    ~Metrics();

    Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram histogram(const std::string& name,
                        const std::string& help,
                        const std::vector<double>& upper_bounds,
                        const Labels& labels = {});

    std::string render() const; // Prometheus text format 0.0.4

private:
    struct Registry;
    std::unique_ptr<Registry> registry_;
};

// Seconds, from 1 ms to 10 min: for first-token and total times.
std::vector<double> latency_bounds();

} // namespace turngate::telemetry
