#pragma once

#include "turngate/accounts/outcome.hpp"
#include "turngate/config/config.hpp"
#include "turngate/core/clock.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace turngate::accounts {

class Breaker;

// A turn that a breaker counts; settled by the turn's outcome, else by its destructor as neutral.
// The breaker must outlive it.
class BreakerPermit
{
public:
    BreakerPermit(BreakerPermit&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)), period_(other.period_)
    {
    }
    BreakerPermit& operator=(BreakerPermit&& other) noexcept
    {
        std::swap(breaker_, other.breaker_);
        std::swap(period_, other.period_);
        return *this;
    }
    ~BreakerPermit() { settle(Outcome::neutral, {}); }

    void settle(Outcome::Kind outcome, core::Deadline now) noexcept; // the first time counts

private:
    friend class Breaker;
    BreakerPermit(Breaker* breaker, unsigned period) noexcept : breaker_(breaker), period_(period)
    {
    }

    Breaker* breaker_; // null: settled, or one that never counted
    unsigned period_;  // of the breaker; in another one it counts nothing
};

// Leaves an account alone that fails: closed → `failures` faults in a row → open → half-open, where
// `probes` turns may try; all of them fine → closed, one failed → open for longer. Its state is one
// atomic word, so that loops share no lock; times are good to 0.1 s.
class Breaker
{
public:
    enum class Phase : std::uint8_t { closed, open, half_open };

    Breaker() noexcept;
    Breaker(const Breaker&) = delete;
    Breaker& operator=(const Breaker&) = delete;

    void configure(const config::BreakerRules& rules) noexcept; // any time; the state stays

    // Nothing: open, or all probes are on their way. A probe that is not settled for two minutes
    // is given up, and probing begins anew.
    std::optional<BreakerPermit> try_pass(core::Deadline now) noexcept;

    // For when no other account is left: begins to probe early. Beyond the probes its turn passes
    // too, but counts nothing.
    BreakerPermit pass_anyway(core::Deadline now) noexcept;

    void reset() noexcept; // closed, as if new; what is on its way counts nothing

    bool lets_pass(core::Deadline now) const noexcept; // try_pass would, if nobody came first
    Phase phase(core::Deadline now) const noexcept;    // half-open as soon as a turn may probe
    core::Deadline opened_at() const noexcept;         // the last time
    core::Deadline probes_at() const noexcept;         // open: when turns may probe; else the past

private:
    friend class BreakerPermit;
    void settle(unsigned period, Outcome::Kind outcome, core::Deadline now) noexcept;
    config::BreakerRules rules() const noexcept;
    void note_opening(std::uint64_t before, std::uint64_t after, core::Deadline now) noexcept;

    std::atomic<std::uint64_t> word_{0};
    std::atomic<std::uint64_t> rules_;
    std::atomic<core::Clock::rep> opened_at_ticks_{0}; // for telling and ordering alone
};

} // namespace turngate::accounts
