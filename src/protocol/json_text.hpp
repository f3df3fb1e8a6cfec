#pragma once

#include <optional>
#include <string>
#include <string_view>

// The grammar of single JSON tokens (RFC 8259). A string's body is what stands between its quotes,
// as sent.
namespace turngate::protocol {

constexpr bool is_json_space(char c) noexcept
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The first place from at on that is no white space; the text's size if there is none.
constexpr std::size_t skip_space(std::string_view text, std::size_t at) noexcept
{
    while (at < text.size() && is_json_space(text[at]))
        ++at;
    return at;
}

bool is_number(std::string_view token) noexcept;  // of any size: 1e400 and thirty digits are JSON
bool is_literal(std::string_view token) noexcept; // true, false, null
bool has_valid_escapes(std::string_view body) noexcept;

// Takes one escape (a surrogate pair is one) off the front of rest, which starts with a backslash.
// Nothing: bad, or half a surrogate pair.
std::optional<char32_t> take_escape(std::string_view& rest) noexcept;

// Nothing: a bad escape, or half a surrogate pair, which no UTF-8 can say.
std::optional<std::string> unescape(std::string_view body);

// Whether the body spells name, escapes or not.
bool spells(std::string_view body, std::string_view name);

} // namespace turngate::protocol
