#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// JSON by concatenation: events are composed of templates, no document is built for a delta.
namespace turngate::sim {

void append_quoted(std::string& out, std::string_view text);
std::string in_quotes(std::string_view text);
void append_number(std::string& out, std::int64_t number);

// The text with U+FFFD for each escaped half of a surrogate pair that stands alone: the vendor
// takes such JSON, the parser here does not.
std::string with_whole_pairs(std::string_view json);

// The largest prefix of at most `bytes` that splits no character. `text` is UTF-8.
std::size_t cut_point(std::string_view text, std::size_t bytes) noexcept;

} // namespace turngate::sim
