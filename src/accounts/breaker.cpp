#include "turngate/accounts/breaker.hpp"

#include "breaker_state.hpp"

namespace turngate::accounts {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed; // the word is all there is to see

// Each of the four has 16 bits; config keeps them within.
std::uint64_t pack(const config::BreakerRules& rules) noexcept
{
    return std::uint64_t(rules.failures) << 48 | std::uint64_t(rules.probes) << 32 |
           std::uint64_t(ticks_of(rules.open)) << 16 | ticks_of(rules.max_open);
}

BreakerEvent event_of(Outcome::Kind outcome) noexcept
{
    switch (outcome) {
    case Outcome::success:
        return BreakerEvent::success;
    case Outcome::fault:
        return BreakerEvent::fault;
    case Outcome::neutral:
    case Outcome::cools: // it answered
    case Outcome::refused:
        return BreakerEvent::neutral;
    }
    return BreakerEvent::neutral;
}

} // namespace

void BreakerPermit::settle(Outcome::Kind outcome, core::Deadline now) noexcept
{
    if (Breaker* breaker = std::exchange(breaker_, nullptr))
        breaker->settle(period_, outcome, now);
}

Breaker::Breaker() noexcept : rules_(pack({})) {}

void Breaker::configure(const config::BreakerRules& rules) noexcept
{
    rules_.store(pack(rules), kRelaxed);
}

config::BreakerRules Breaker::rules() const noexcept
{
    const auto word = rules_.load(kRelaxed);
    const auto span = [](std::uint64_t ticks) {
        return config::milliseconds(std::int64_t(ticks & 0xffff) * 100);
    };
    return {.failures = static_cast<unsigned>(word >> 48),
            .open = span(word >> 16),
            .max_open = span(word),
            .probes = static_cast<unsigned>(word >> 32 & 0xffff)};
}

std::optional<BreakerPermit> Breaker::try_pass(core::Deadline now) noexcept
{
    const auto limits = rules();
    auto word = word_.load(kRelaxed);
    for (;;) {
        const auto step = on(BreakerState::unpacked(word), BreakerEvent::ask, limits, tick_at(now));
        if (step.pass == Pass::refused)
            return std::nullopt;
        const auto next = step.next.packed();
        if (next == word || word_.compare_exchange_weak(word, next, kRelaxed))
            return BreakerPermit(this, step.next.period);
    }
}

BreakerPermit Breaker::pass_anyway(core::Deadline now) noexcept
{
    const auto limits = rules();
    auto word = word_.load(kRelaxed);
    for (;;) {
        const auto step =
            on(BreakerState::unpacked(word), BreakerEvent::insist, limits, tick_at(now));
        const auto next = step.next.packed();
        if (next == word || word_.compare_exchange_weak(word, next, kRelaxed))
            return BreakerPermit(step.pass == Pass::counted ? this : nullptr, step.next.period);
    }
}

void Breaker::settle(unsigned period, Outcome::Kind outcome, core::Deadline now) noexcept
{
    const auto limits = rules();
    auto word = word_.load(kRelaxed);
    for (;;) {
        const auto state = BreakerState::unpacked(word);
        if (state.period != period)
            return;
        const auto next = on(state, event_of(outcome), limits, tick_at(now)).next.packed();
        if (next == word)
            return;
        if (word_.compare_exchange_weak(word, next, kRelaxed))
            return note_opening(word, next, now);
    }
}

void Breaker::note_opening(std::uint64_t before, std::uint64_t after, core::Deadline now) noexcept
{
    const auto phase_of = [](std::uint64_t word) { return BreakerState::unpacked(word).phase; };
    if (phase_of(before) != Phase::open && phase_of(after) == Phase::open)
        opened_at_ticks_.store(now.time_since_epoch().count(), kRelaxed);
}

void Breaker::reset() noexcept
{
    auto word = word_.load(kRelaxed);
    BreakerState fresh;
    do
        fresh.period = (BreakerState::unpacked(word).period + 1) & 0xffff;
    while (!word_.compare_exchange_weak(word, fresh.packed(), kRelaxed));
}

bool Breaker::lets_pass(core::Deadline now) const noexcept
{
    const auto state = BreakerState::unpacked(word_.load(kRelaxed));
    return state.phase == Phase::closed ||
           on(state, BreakerEvent::ask, rules(), tick_at(now)).pass != Pass::refused;
}

Breaker::Phase Breaker::phase(core::Deadline now) const noexcept
{
    const auto state = BreakerState::unpacked(word_.load(kRelaxed));
    if (state.phase == Phase::open && may_probe(state, rules(), tick_at(now)))
        return Phase::half_open;
    return state.phase;
}

core::Deadline Breaker::opened_at() const noexcept
{
    return core::Deadline(core::Clock::duration(opened_at_ticks_.load(kRelaxed)));
}

core::Deadline Breaker::probes_at() const noexcept
{
    const auto state = BreakerState::unpacked(word_.load(kRelaxed));
    if (state.phase != Phase::open)
        return {};
    return opened_at() + open_for(state, rules());
}

} // namespace turngate::accounts
