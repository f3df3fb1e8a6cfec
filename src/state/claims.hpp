#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/state/budgets.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace turngate::state {

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

    bool is_empty() const noexcept { return holds_.empty() && charges_.empty(); }
    bool has_room(core::NanoUsd spent, core::NanoUsd limit, core::NanoUsd amount) const noexcept
    {
        return sum_ + spent.value + amount.value <= limit.value;
    }
    core::NanoUsd sum() const noexcept; // the largest there is, if it is more

    void hold(const std::string& id, core::NanoUsd amount, unsigned loop);
    // The hold goes, its charges stay: those that were not reported while it was there.
    Settled settle(const std::string& id, std::vector<Charge> charges, core::Deadline until);
    void report(const std::vector<std::string>& uids);
    void forget_charges(core::Deadline now); // that have ended

private:
    // Any number of amounts fits: nothing is rounded or saturated before it is compared.
    using Sum = __int128;

    struct Held
    {
        core::NanoUsd amount;
        unsigned loop = kNoLoop;
        std::uint64_t number = 0;
    };
    struct Charged
    {
        core::NanoUsd cost;
        unsigned loop = kNoLoop;
        core::Deadline until;
    };

    void charge(const Charge& charge, unsigned loop, core::Deadline until);
    void forget_reported();

    std::map<std::string, Held> holds_;
    std::map<std::string, Charged> charges_;
    // Uids that came before their charges, and the number of the hold that came next: only the
    // holds before it can bring them.
    std::map<std::string, std::uint64_t> reported_;
    Sum sum_ = 0;
    std::uint64_t next_ = 0;
    core::Deadline first_end_ = core::Deadline::max(); // of the charges; or sooner
};

} // namespace turngate::state
