#pragma once

#include <string_view>

namespace turngate::protocol {

// The value of a frame's top-level field, from its first character to the end of the frame; empty
// if there is none. Finds it in JSON without checking the JSON: for frames whose sender we trust to
// write it. No allocation.
std::string_view find_top_level(std::string_view frame, std::string_view name) noexcept;

// The value alone; empty if there is none, or it does not end.
std::string_view top_level_value(std::string_view frame, std::string_view name) noexcept;

// The same for `type`, from its first character on, if it is the first field. Whether it is costs
// nothing.
std::string_view leading_type(std::string_view frame) noexcept;

// The body of the top-level `type`, wherever it stands; a null view if there is none.
std::string_view type_body(std::string_view frame) noexcept;

// Whether text stands anywhere in the frame, vectorised: to ask first, for what is rarely there.
bool mentions(std::string_view frame, std::string_view text) noexcept;

// The body of the string that text begins with: up to its closing quote. Null view: no string, or
// not closed.
std::string_view string_body(std::string_view text) noexcept;

} // namespace turngate::protocol
