#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace turngate::config {

inline constexpr std::string_view kNotAvailable = "is not available in this version";

// Whether this version has no such key at all, or not this value of it. Paths as in complaints:
// users[3].balance_usd.
bool is_unavailable(std::string_view path);
bool is_unavailable(std::string_view path, std::string_view value);

// The unavailable keys right under a path: known words all the same, when a misspelt one is looked
// up.
std::vector<std::string_view> unavailable_under(std::string_view path);

} // namespace turngate::config
