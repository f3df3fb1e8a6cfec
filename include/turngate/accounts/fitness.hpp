#pragma once

#include "turngate/core/clock.hpp"

#include <cstdint>
#include <string_view>

namespace turngate::accounts {

struct Account;

// Whether an account may take a turn, or why not: the first that applies.
enum class Fitness : std::uint8_t {
    fits,
    off, // its mode, or there is no secret for it yet
    other_group,
    no_model,
    disabled,     // by an operator
    refused,      // its credentials, or a probe of them is on its way
    cooling,      // the model, or all of it
    breaker_open, // or all its probes are on their way
    // Only said of a session's own account, which is let go and stays a candidate:
    failing,   // too many errors of late
    has_failed // this very turn
};
inline constexpr std::size_t kFitnesses = 10;

std::string_view name(Fitness fitness) noexcept; // for people

// The one test for every way an account may come to a turn: its parent lives there, its session
// was there, or it is drawn (behaviour.md section 6). `model` as clients name it; empty fits all.
Fitness fitness(const Account& account,
                std::string_view group,
                std::string_view model,
                core::Deadline now);

} // namespace turngate::accounts
