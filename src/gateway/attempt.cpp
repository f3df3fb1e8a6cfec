#include "attempt.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

RelayRules relay_rules(const Turn& turn)
{
    const config::Config& config = *turn.snapshot->config;
    RelayRules rules;
    rules.hold_lifecycle = config.relay.hold_lifecycle;
    rules.between_events = config.relay.event_timeout;
    rules.codex_events = turn.session.is_codex;
    rules.passes_rate_limits = config.http.pass_rate_limits && !turn.principal->is_rated();
    const bool gets_keepalives =
        config.http.keepalive_event == config::KeepaliveEvent::all ||
        (config.http.keepalive_event == config::KeepaliveEvent::codex && turn.session.is_codex);
    if (gets_keepalives)
        rules.keepalive = config.http.keepalive_event_interval;
    return rules;
}

} // namespace

Attempt::Attempt(Turn& its_turn, Place its_place)
    : turn(its_turn), place(std::move(its_place)), relay(turn.rooms.loop,
                                                         *turn.client,
                                                         turn.rooms.upstream_events,
                                                         turn.rooms.metrics.pauses,
                                                         turn.shown,
                                                         relay_rules(turn))
{
    turn.attempt = this;
}

Attempt::~Attempt()
{
    turn.attempt = nullptr;
}

} // namespace turngate::gateway
