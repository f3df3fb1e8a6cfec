#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace turngate::config {

// The known word nearest to this one, if one is at most two edits away and the word is longer than
// that.
std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> known);

} // namespace turngate::config
