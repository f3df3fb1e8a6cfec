#include "metrics.hpp"

namespace turngate::gateway {

std::string_view name_of(Outcome outcome) noexcept
{
    switch (outcome) {
    case Outcome::completed:
        return "completed";
    case Outcome::incomplete:
        return "incomplete";
    case Outcome::failed:
        return "failed";
    case Outcome::error:
        return "error";
    case Outcome::refused:
        return "refused";
    case Outcome::aborted:
        return "aborted";
    }
    return "unknown";
}

Metrics::Metrics(telemetry::Metrics& registry)
    : sessions(registry.gauge("turngate_sessions", "Open client sockets")),
      sessions_total(registry.counter("turngate_sessions_total", "Client sockets accepted")),
      refused_upgrades(
          registry.counter("turngate_refused_upgrades_total", "Upgrades refused over HTTP")),
      turns_running(registry.gauge("turngate_turns_running", "Turns running")),
      turns_draining(
          registry.gauge("turngate_turns_draining", "Responses read on after their clients left")),
      first_token_seconds(registry.histogram("turngate_first_token_seconds",
                                             "From the accepted create to the first content",
                                             telemetry::latency_bounds())),
      turn_seconds(registry.histogram("turngate_turn_seconds",
                                      "From the accepted create to the terminal event",
                                      telemetry::latency_bounds())),
      queue_seconds(registry.histogram("turngate_queue_seconds",
                                       "From the accepted create to its account slot",
                                       telemetry::latency_bounds())),
      bad_frames(registry.counter("turngate_bad_frames_total", "Client frames refused")),
      pauses(registry.counter("turngate_backpressure_pauses_total",
                              "Upstream reads paused for a slow client")),
      client_bytes_in(registry.counter(
          "turngate_client_bytes_total", "Bytes on client sockets", {{"direction", "in"}})),
      client_bytes_out(registry.counter(
          "turngate_client_bytes_total", "Bytes on client sockets", {{"direction", "out"}})),
      journal_failures(
          registry.counter("turngate_journal_failures_total", "Bills the journal did not take")),
      unpriced(registry.counter("turngate_unpriced_responses_total",
                                "Responses of models without a price")),
      odd_usage(registry.counter("turngate_odd_usage_total",
                                 "Responses whose usage makes no sense: billed by an estimate")),
      budget_refusals(registry.counter("turngate_budget_refusals_total",
                                       "Turns refused for a quota or balance that is used up")),
      budget_waits(registry.counter("turngate_budget_waits_total",
                                    "Turns told to come later, since others hold the rest")),
      background_overflows(
          registry.counter("turngate_background_overflows_total",
                           "Background responses too large to be streamed once more"))
{
    for (std::size_t i = 0; i < turns.size(); ++i)
        turns[i] = registry.counter("turngate_turns_total",
                                    "Turns by outcome",
                                    {{"outcome", std::string(name_of(static_cast<Outcome>(i)))}});
}

} // namespace turngate::gateway
