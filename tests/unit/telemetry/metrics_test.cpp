#include "turngate/telemetry/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace turngate::telemetry {
namespace {

using testing::HasSubstr;

TEST(Metrics, GivesTheSameSeriesForTheSameNameAndLabels)
{
    Metrics metrics;
    metrics.counter("turngate_turns_total", "Turns", {{"outcome", "completed"}}).add();
    const Counter again =
        metrics.counter("turngate_turns_total", "Turns", {{"outcome", "completed"}});
    again.add(2);
    EXPECT_EQ(again.value(), 3);
    EXPECT_EQ(metrics.counter("turngate_turns_total", "Turns", {{"outcome", "failed"}}).value(), 0);
}

TEST(Metrics, CountsFromSeveralThreads)
{
    Metrics metrics;
    const Counter counter = metrics.counter("turngate_bytes_total", "Bytes");
    const Gauge gauge = metrics.gauge("turngate_sessions", "Sessions");
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 1000; ++n) {
                    counter.add();
                    gauge.add(1);
                    gauge.add(-1);
                }
            });
    }
    EXPECT_EQ(counter.value(), 4000);
    EXPECT_EQ(gauge.value(), 0);
}

TEST(Metrics, RendersPrometheusText)
{
    Metrics metrics;
    metrics.counter("turngate_turns_total", "Turns by outcome", {{"outcome", "a\"b\\c\nd"}}).add(2);
    metrics.gauge("turngate_sessions", "Open sessions").set(7);
    const Histogram times = metrics.histogram(
        "turngate_first_token_seconds", "First token", {0.5, 1}, {{"model", "m"}});
    times.observe(0.4);
    times.observe(0.6);
    times.observe(60);

    const std::string text = metrics.render();
    EXPECT_THAT(text,
                HasSubstr("# HELP turngate_turns_total Turns by outcome\n"
                          "# TYPE turngate_turns_total counter\n"
                          "turngate_turns_total{outcome=\"a\\\"b\\\\c\\nd\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE turngate_sessions gauge\nturngate_sessions 7\n"));
    EXPECT_THAT(text, HasSubstr("turngate_first_token_seconds_count{model=\"m\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("turngate_first_token_seconds_bucket{model=\"m\",le=\"0.5\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("turngate_first_token_seconds_bucket{model=\"m\",le=\"1\"} 2\n"));
    EXPECT_THAT(text,
                HasSubstr("turngate_first_token_seconds_bucket{model=\"m\",le=\"+Inf\"} 3\n"));
}

TEST(Metrics, AllowsHandlesThatWereNeverRegistered)
{
    const Counter counter;
    const Gauge gauge;
    counter.add();
    gauge.set(3);
    Histogram().observe(1);
    EXPECT_EQ(counter.value(), 0);
    EXPECT_EQ(gauge.value(), 0);
}

TEST(Metrics, MeasuresLatencyFromAMillisecondToTenMinutes)
{
    const auto bounds = latency_bounds();
    EXPECT_EQ(bounds.front(), 0.001);
    EXPECT_EQ(bounds.back(), 600);
    EXPECT_TRUE(std::ranges::is_sorted(bounds));
}

} // namespace
} // namespace turngate::telemetry
