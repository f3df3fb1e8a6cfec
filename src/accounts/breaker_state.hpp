#pragma once

#include "turngate/accounts/breaker.hpp"

#include <cstdint>

namespace turngate::accounts {

// Time in the state word: tenths of a second, modulo 2^32 (13 years).
using Tick = std::uint32_t;

Tick tick_at(core::Deadline at) noexcept;
Tick ticks_of(config::milliseconds span) noexcept;

inline constexpr Tick kPermitLife = 1'200; // a probe that is not settled by then was lost

// What a breaker knows; a machine of its own, without atomics, and 64 bits when packed.
struct BreakerState
{
    using Phase = Breaker::Phase;

    Phase phase = Phase::closed;
    unsigned level = 0;    // how often the open time has doubled
    unsigned period = 0;   // counts the phases, 16 bits: permits of an earlier one are void
    unsigned failures = 0; // closed: faults in a row
    unsigned out = 0;      // half-open: probes on their way
    unsigned fine = 0;     // half-open: probes that went well
    Tick at = 0;           // open: since when; half-open: when the latest probe left

    bool operator==(const BreakerState&) const = default;

    std::uint64_t packed() const noexcept;
    static BreakerState unpacked(std::uint64_t word) noexcept;
};

enum class BreakerEvent : std::uint8_t {
    ask,
    insist, // asks, and goes on whatever the answer is
    success,
    fault,
    neutral
};

enum class Pass : std::uint8_t {
    refused, // to an outcome: it asked for nothing
    counted,
    uncounted
};

struct BreakerStep
{
    BreakerState next;
    Pass pass = Pass::refused;

    bool operator==(const BreakerStep&) const = default;
};

// Outcomes are those of permits of the present period.
BreakerStep on(BreakerState state,
               BreakerEvent event,
               const config::BreakerRules& rules,
               Tick now) noexcept;

// How long it stays open.
config::milliseconds open_for(const BreakerState& state,
                              const config::BreakerRules& rules) noexcept;

// The open time is over.
bool may_probe(const BreakerState& state, const config::BreakerRules& rules, Tick now) noexcept;

} // namespace turngate::accounts
