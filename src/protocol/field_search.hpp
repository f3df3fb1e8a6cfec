#pragma once

#include <string_view>

namespace turngate::protocol {

// The value of a frame's top-level field, from its first character to the end of the frame; empty
// if there is none. Finds it in JSON without checking the JSON: for frames whose sender we trust to
// write it. No allocation.
std::string_view find_top_level(std::string_view frame, std::string_view name) noexcept;

// The value alone; empty if there is none, or it does not end.
std::string_view top_level_value(std::string_view frame, std::string_view name) noexcept;

// The body of the string that text begins with: up to its closing quote. Null view: no string, or
// not closed.
std::string_view string_body(std::string_view text) noexcept;

} // namespace turngate::protocol
