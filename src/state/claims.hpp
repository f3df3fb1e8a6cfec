#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/state/budgets.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::state {

// A hold or a charge, by the name that it also has in Redis.
struct Claim
{
    std::string name;
    core::NanoUsd amount;
    core::Deadline until; // max: a hold, which goes with its turn
};

inline constexpr std::string_view kHold = "hold:";

inline std::string hold_name(const std::string& id)
{
    return std::string(kHold) + id;
}
inline std::string charge_name(const std::string& uid)
{
    return "uid:" + uid;
}

// What a budget says to a turn.
struct Verdict
{
    enum class Word : std::uint8_t { held, busy, spent };

    Word word = Word::spent;
    core::NanoUsd amount; // held
};

// For so long what a refused asker needs is kept free: longer than it is told to wait
// (behaviour.md section 3).
inline constexpr std::chrono::seconds kKeptFree{12};

// What counts against one subject beside the repository's word: what running turns hold, and
// charges that the word does not have in it yet. No lock, no clock.
class Claims
{
public:
    static constexpr unsigned kNoLoop = ~0u;

    struct Settled
    {
        unsigned loop = kNoLoop; // that took the hold
        std::vector<Charge> charges;
    };

    bool is_empty() const noexcept { return claims_.empty() && !waiting_; }
    core::NanoUsd sum() const noexcept; // the largest there is, if it is more

    // What budgets.hpp promises; `spent` is the repository's word. A hold that is granted is there.
    Verdict ask(const HoldRequest& request, core::NanoUsd spent, unsigned loop, core::Deadline now);
    // Also one that is there already gets this amount.
    void hold(const std::string& id, core::NanoUsd amount, unsigned loop);
    // The hold goes, its charges stay: those that were not reported while it was there.
    Settled settle(const std::string& id, std::vector<Charge> charges, core::Deadline until);
    void charge(const std::vector<Charge>& charges, unsigned loop, core::Deadline until);
    void report(const std::vector<std::string>& uids);
    void forget(core::Deadline now); // what has ended

    // Up to `most` of those that came by a loop, holds first, from the one behind `after` on.
    std::vector<Claim> page(unsigned loop, const std::string& after, std::size_t most) const;

private:
    // Any number of amounts fits: nothing is rounded or saturated before it is compared.
    using Sum = __int128;

    struct Known
    {
        core::NanoUsd amount;
        unsigned loop = kNoLoop;
        core::Deadline until;
        std::uint64_t number = 0;
    };
    using ByName = std::map<std::string, Known>; // holds before charges

    // Who was refused because others hold, and what is kept free for it.
    struct Waiting
    {
        std::string asker;
        core::NanoUsd amount;
        core::Deadline until;
    };

    void put(const std::string& name, core::NanoUsd amount, unsigned loop, core::Deadline until);
    void remove(ByName::iterator at);
    void count(const std::string& name, Sum amount);
    bool has_holds() const;
    void forget_reported();

    ByName claims_;
    // Uids whose turns may charge them yet, and the number of the claim that came next: only holds
    // from before it can bring them.
    std::map<std::string, std::uint64_t> reported_;
    std::optional<Waiting> waiting_; // one at a time: whoever comes first
    Sum sum_ = 0;
    Sum holds_ = 0; // of it
    std::uint64_t next_ = 0;
    core::Deadline first_end_ = core::Deadline::max(); // of the charges; or sooner
};

} // namespace turngate::state
