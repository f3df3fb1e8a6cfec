#pragma once

#include "turngate/accounts/standing.hpp"

// What a Standing knows beside its breaker: machines of their own, without locks or a clock.
namespace turngate::accounts {

// Of credentials: accepted → refused → one turn probes at a time → accepted, or refused for longer.
struct Refusal
{
    enum class Phase : std::uint8_t { accepted, refused, probing };

    Phase phase = Phase::accepted;
    unsigned times = 0;     // one after the other
    unsigned probe = 0;     // number of the last one, counted from 1
    core::Deadline since{}; // the last refusal; what was begun before it says nothing new
    core::Deadline due{};   // refused: the next probe. probing: when this one counts as lost

    bool bars(core::Deadline now) const noexcept;
    unsigned begin_probe(core::Deadline now) noexcept; // its number; 0: there is nothing to probe

    void on_success(core::Deadline begun, unsigned its_probe) noexcept;
    void on_refused(core::Deadline begun, unsigned its_probe, core::Deadline now) noexcept;
    void on_other(unsigned its_probe) noexcept; // it said nothing: the next may probe at once

private:
    bool is_current(unsigned its_probe) const noexcept
    {
        return its_probe != 0 && its_probe == probe && phase == Phase::probing;
    }
    bool is_lost(unsigned its_probe) const noexcept // another has taken its place
    {
        return its_probe != 0 && !is_current(its_probe);
    }
};

// Of a model that was refused for its limits, or of all models.
struct Rest
{
    std::string model; // empty: all
    std::uint64_t hash = 0;
    unsigned times = 0;     // without a reset told, one after the other
    core::Deadline since{}; // the last such time
    core::Deadline until{};

    void on_cools(core::Deadline begun,
                  std::optional<std::chrono::seconds> resets_in,
                  core::Deadline now) noexcept;
    bool is_over(core::Deadline now) const noexcept { return now >= until; }
    // Nothing came of it for so long that the next time is the first again.
    bool is_forgotten(core::Deadline now) const noexcept
    {
        return now >= until && now - until >= Standing::kLongest;
    }
};

struct Standing::State
{
    static constexpr std::size_t kMostRests = 128; // models come from clients

    Refusal refusal;
    std::vector<Rest> rests;

    Rest& rest_of(std::string_view model, core::Deadline now);
    std::optional<core::Deadline> cools_until(std::uint64_t model, core::Deadline now) const;
    void on_success(std::uint64_t model, core::Deadline begun);
    bool is_blank() const noexcept
    {
        return refusal.phase == Refusal::Phase::accepted && rests.empty();
    }
};

std::uint64_t hash_of(std::string_view model) noexcept; // never 0, which is all models'

} // namespace turngate::accounts
