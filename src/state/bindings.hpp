#pragma once

#include "turngate/state/state_store.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace turngate::state {

inline constexpr std::chrono::hours kResponseTtl{24};
inline constexpr std::chrono::hours kLaneTtl{1}; // behaviour.md section 4: stickiness

// What the values own beside themselves, for the maps' bounds.
std::size_t bytes_of(const Binding& binding);
std::size_t bytes_of(const LaneBinding& binding);

// NUL cannot be in a name, so no tenant can be made to look like another with a longer id.
std::string local_key(std::string_view tenant, std::string_view id);

} // namespace turngate::state
