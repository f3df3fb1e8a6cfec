#pragma once

#include "turngate/accounts/account_set.hpp"

#include <cstdint>
#include <string_view>

namespace turngate::accounts {

// Whether an account may take a turn, or why not. The first that applies.
enum class Standing : std::uint8_t {
    fits,
    other_group, // or its mode is off
    no_model,
    shut_out,
    cooling,
    breaker_open, // or all its probes are on their way
    // Only said of a session's own account, which is let go and stays a candidate:
    failing,   // too many errors of late
    has_failed // this very turn
};
inline constexpr std::size_t kStandings = 8;

std::string_view name(Standing standing) noexcept;

// The one test for pinned, sticky and balanced (behaviour.md section 6).
Standing standing(const Account& account,
                  std::string_view group,
                  std::string_view model,
                  core::Deadline now);

} // namespace turngate::accounts
