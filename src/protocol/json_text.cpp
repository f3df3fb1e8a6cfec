#include "json_text.hpp"

#include <cstdint>

namespace turngate::protocol {
namespace {

constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text) noexcept
{
    std::size_t n = 0;
    while (n < text.size() && is_digit(text[n]))
        ++n;
    return n;
}

// Takes at least one digit off the front.
bool take_digits(std::string_view& rest) noexcept
{
    const std::size_t n = count_digits(rest);
    rest.remove_prefix(n);
    return n != 0;
}

bool take_one_of(std::string_view& rest, std::string_view set) noexcept
{
    if (rest.empty() || set.find(rest.front()) == std::string_view::npos)
        return false;
    rest.remove_prefix(1);
    return true;
}

int hex_digit(char c) noexcept
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// The four digits behind \u at the start of text.
std::optional<char32_t> code_unit(std::string_view text) noexcept
{
    if (text.size() < 6 || text[0] != '\\' || text[1] != 'u')
        return std::nullopt;
    char32_t unit = 0;
    for (const char c : text.substr(2, 4)) {
        const int digit = hex_digit(c);
        if (digit < 0)
            return std::nullopt;
        unit = unit * 16 + static_cast<char32_t>(digit);
    }
    return unit;
}

std::optional<char32_t> take_code_point(std::string_view& rest) noexcept
{
    const auto high = code_unit(rest);
    if (!high || (*high >= 0xdc00 && *high <= 0xdfff))
        return std::nullopt;
    rest.remove_prefix(6);
    if (*high < 0xd800 || *high > 0xdbff)
        return high;
    const auto low = code_unit(rest);
    if (!low || *low < 0xdc00 || *low > 0xdfff)
        return std::nullopt;
    rest.remove_prefix(6);
    return 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00);
}

std::optional<char32_t> short_escape(char c) noexcept
{
    switch (c) {
    case '"':
        return U'"';
    case '\\':
        return U'\\';
    case '/':
        return U'/';
    case 'b':
        return U'\b';
    case 'f':
        return U'\f';
    case 'n':
        return U'\n';
    case 'r':
        return U'\r';
    case 't':
        return U'\t';
    default:
        return std::nullopt;
    }
}

void append_utf8(std::string& text, char32_t c)
{
    const auto byte = [&](char32_t bits) { text.push_back(static_cast<char>(bits)); };
    if (c < 0x80)
        return byte(c);
    if (c < 0x800) {
        byte(0xc0 | (c >> 6));
    } else {
        if (c < 0x10000) {
            byte(0xe0 | (c >> 12));
        } else {
            byte(0xf0 | (c >> 18));
            byte(0x80 | ((c >> 12) & 0x3f));
        }
        byte(0x80 | ((c >> 6) & 0x3f));
    }
    byte(0x80 | (c & 0x3f));
}

} // namespace

bool is_number(std::string_view token) noexcept
{
    take_one_of(token, "-");
    if (!take_one_of(token, "0") && !take_digits(token))
        return false;
    if (take_one_of(token, ".") && !take_digits(token))
        return false;
    if (take_one_of(token, "eE")) {
        take_one_of(token, "+-");
        if (!take_digits(token))
            return false;
    }
    return token.empty();
}

bool is_literal(std::string_view token) noexcept
{
    return token == "true" || token == "false" || token == "null";
}

bool has_valid_escapes(std::string_view body) noexcept
{
    for (;;) {
        const std::size_t at = body.find('\\');
        if (at == std::string_view::npos)
            return true;
        body.remove_prefix(at);
        if (body.size() >= 2 && short_escape(body[1]))
            body.remove_prefix(2);
        else if (code_unit(body))
            body.remove_prefix(6);
        else
            return false;
    }
}

std::optional<char32_t> take_escape(std::string_view& rest) noexcept
{
    if (rest.size() < 2)
        return std::nullopt;
    if (rest[1] == 'u')
        return take_code_point(rest);
    const auto c = short_escape(rest[1]);
    rest.remove_prefix(2);
    return c;
}

std::optional<std::string> unescape(std::string_view body)
{
    std::string text;
    text.reserve(body.size());
    for (;;) {
        const std::size_t at = body.find('\\');
        text.append(body.substr(0, at));
        if (at == std::string_view::npos)
            return text;
        body.remove_prefix(at);
        const auto c = take_escape(body);
        if (!c)
            return std::nullopt;
        append_utf8(text, *c);
    }
}

bool spells(std::string_view body, std::string_view name)
{
    if (body.size() <= name.size()) // an escape is longer than what it says
        return body == name;
    return body.find('\\') != std::string_view::npos && unescape(body) == name;
}

} // namespace turngate::protocol
