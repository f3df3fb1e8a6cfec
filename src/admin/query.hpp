#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::admin {

// The parameters of a query, decoded as a form's: a `+` is a space, but for the one before a
// timestamp's offset (since=2026-11-01T20:00:00+08:00), which hardly anybody writes as %2B.
std::vector<std::pair<std::string, std::string>> read_query(std::string_view query);

// The segments of what follows a `/`, decoded; nothing: a `%` that begins no byte.
std::optional<std::vector<std::string>> read_segments(std::string_view path);

} // namespace turngate::admin
