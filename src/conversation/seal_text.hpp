#pragma once

#include <string_view>

namespace turngate::conversation {

// The next `encrypted_content` of rest, at whatever depth, as it stands between its quotes; rest
// goes on behind it. Empty: there is none. Those that are empty or no strings are passed over.
// Linear, whatever rest is.
std::string_view next_seal(std::string_view& rest) noexcept;

} // namespace turngate::conversation
