#include "breaker_state.hpp"

#include <algorithm>

namespace turngate::accounts {
namespace {

using config::BreakerRules;
using Phase = Breaker::Phase;

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr unsigned kMaxLevel = 15;

// Negative when a slower thread comes with an older time.
std::int32_t since(Tick at, Tick now) noexcept
{
    return static_cast<std::int32_t>(now - at);
}

BreakerState enter(const BreakerState& from, Phase phase, unsigned level, Tick now) noexcept
{
    return {.phase = phase, .level = level, .period = (from.period + 1) & 0xffff, .at = now};
}

BreakerStep probe(BreakerState state, Tick now) noexcept
{
    ++state.out;
    state.at = now;
    return {state, Pass::counted};
}

BreakerStep on_closed(BreakerState state,
                      BreakerEvent event,
                      const BreakerRules& rules,
                      Tick now) noexcept
{
    switch (event) {
    case BreakerEvent::ask:
    case BreakerEvent::insist:
        return {state, Pass::counted};
    case BreakerEvent::success:
        state.failures = 0;
        return {state};
    case BreakerEvent::fault:
        if (++state.failures >= rules.failures)
            return {enter(state, Phase::open, 0, now)};
        return {state};
    case BreakerEvent::neutral:
        return {state};
    }
    return {state};
}

BreakerStep on_open(const BreakerState& state,
                    BreakerEvent event,
                    const BreakerRules& rules,
                    Tick now) noexcept
{
    switch (event) {
    case BreakerEvent::ask:
        if (!may_probe(state, rules, now))
            return {state};
        [[fallthrough]];
    case BreakerEvent::insist:
        return probe(enter(state, Phase::half_open, state.level, now), now);
    case BreakerEvent::success: // an open period gives no permits
    case BreakerEvent::fault:
    case BreakerEvent::neutral:
        return {state};
    }
    return {state};
}

BreakerStep ask_half_open(const BreakerState& state,
                          BreakerEvent event,
                          const BreakerRules& rules,
                          Tick now) noexcept
{
    if (state.out + state.fine < rules.probes)
        return probe(state, now);
    if (since(state.at, now) >= static_cast<std::int32_t>(kPermitLife))
        return probe(enter(state, Phase::half_open, state.level, now), now);
    return {state, event == BreakerEvent::insist ? Pass::uncounted : Pass::refused};
}

BreakerStep on_half_open(BreakerState state,
                         BreakerEvent event,
                         const BreakerRules& rules,
                         Tick now) noexcept
{
    switch (event) {
    case BreakerEvent::ask:
    case BreakerEvent::insist:
        return ask_half_open(state, event, rules, now);
    case BreakerEvent::success:
        --state.out;
        if (++state.fine >= rules.probes)
            return {enter(state, Phase::closed, 0, 0)};
        return {state};
    case BreakerEvent::fault:
        return {enter(state, Phase::open, std::min(state.level + 1, kMaxLevel), now)};
    case BreakerEvent::neutral:
        --state.out;
        return {state};
    }
    return {state};
}

} // namespace

Tick tick_at(core::Deadline at) noexcept
{
    return static_cast<Tick>(at.time_since_epoch() / kTick);
}

Tick ticks_of(config::milliseconds span) noexcept
{
    return static_cast<Tick>(span / kTick);
}

// phase 2 | level 4 | period 16 | failures 10, or out 5 | fine 5 | at 32
std::uint64_t BreakerState::packed() const noexcept
{
    const unsigned counts = phase == Phase::half_open ? out << 5 | fine : failures;
    return std::uint64_t(phase) << 62 | std::uint64_t(level) << 58 | std::uint64_t(period) << 42 |
           std::uint64_t(counts) << 32 | at;
}

BreakerState BreakerState::unpacked(std::uint64_t word) noexcept
{
    BreakerState state{.phase = static_cast<Phase>(word >> 62),
                       .level = static_cast<unsigned>(word >> 58 & 0xf),
                       .period = static_cast<unsigned>(word >> 42 & 0xffff),
                       .at = static_cast<Tick>(word)};
    const auto counts = static_cast<unsigned>(word >> 32 & 0x3ff);
    if (state.phase == Phase::half_open) {
        state.out = counts >> 5;
        state.fine = counts & 0x1f;
    } else {
        state.failures = counts;
    }
    return state;
}

config::milliseconds open_for(const BreakerState& state, const BreakerRules& rules) noexcept
{
    const std::uint64_t open = std::uint64_t(ticks_of(rules.open)) << state.level;
    return std::min<std::uint64_t>(open, ticks_of(rules.max_open)) * kTick;
}

bool may_probe(const BreakerState& state, const BreakerRules& rules, Tick now) noexcept
{
    const Tick wait = ticks_of(open_for(state, rules));
    return since(state.at, now) >= static_cast<std::int32_t>(wait);
}

BreakerStep on(BreakerState state, BreakerEvent event, const BreakerRules& rules, Tick now) noexcept
{
    switch (state.phase) {
    case Phase::closed:
        return on_closed(state, event, rules, now);
    case Phase::open:
        return on_open(state, event, rules, now);
    case Phase::half_open:
        return on_half_open(state, event, rules, now);
    }
    return {state};
}

} // namespace turngate::accounts
