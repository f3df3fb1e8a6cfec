#pragma once

#include "turngate/telemetry/metrics.hpp"

#include <array>

namespace turngate::gateway {

enum class Outcome : std::uint8_t { completed, incomplete, failed, error, refused, aborted };

std::string_view name_of(Outcome outcome) noexcept;

// The gateway's series; each loop has its own handles to the same ones.
struct Metrics
{
    explicit Metrics(telemetry::Metrics& registry);

    void count(Outcome outcome) const { turns[static_cast<std::size_t>(outcome)].add(); }

    telemetry::Gauge sessions;
    telemetry::Counter sessions_total;
    telemetry::Counter refused_upgrades;
    std::array<telemetry::Counter, 6> turns; // by outcome
    telemetry::Gauge turns_running;
    telemetry::Gauge turns_draining;
    telemetry::Histogram first_token_seconds;
    telemetry::Histogram turn_seconds;
    telemetry::Histogram queue_seconds;
    telemetry::Counter bad_frames;
    telemetry::Counter pauses;
    telemetry::Counter client_bytes_in;
    telemetry::Counter client_bytes_out;
    telemetry::Counter journal_failures;
    telemetry::Counter unpriced;
    telemetry::Counter odd_usage;
    telemetry::Counter budget_refusals;
    telemetry::Counter budget_waits;
    telemetry::Counter background_overflows;
};

} // namespace turngate::gateway
