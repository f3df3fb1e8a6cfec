#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

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

// How many bytes at the start of text are a number (of any size: 1e400 and thirty digits are JSON),
// one of true, false and null, or an escape. 0: none, or a bad one.
std::size_t number_length(std::string_view text) noexcept;
std::size_t literal_length(std::string_view text) noexcept;
std::size_t escape_length(std::string_view text) noexcept;

// How many bytes at the start of text may stand in a string as they are: up to a quote, a backslash
// or a control character.
std::size_t plain_length(std::string_view text) noexcept;

// Takes one escape (a surrogate pair is one) off the front of rest, which starts with a backslash.
// Half a surrogate pair, which no UTF-8 can say, is U+FFFD, and so is what is no escape.
char32_t take_escape(std::string_view& rest) noexcept;

// The string's text, in UTF-8.
std::string unescape(std::string_view body);

// The same without an allocation: the body itself if it has no escapes, else in the buffer. A null
// view: it does not fit.
std::string_view decode(std::string_view body, std::span<char> buffer) noexcept;

// The number that text is; nothing if it is none, or not of that type.
template <class Number>
std::optional<Number> whole_number(std::string_view text) noexcept
{
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_whole = error == std::errc{} && end == text.data() + text.size();
    return is_whole ? std::optional(number) : std::nullopt;
}

// Whether the body spells name, escapes or not. name is no longer than 64 bytes.
bool spells(std::string_view body, std::string_view name) noexcept;

} // namespace turngate::protocol
