#include "json_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

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

constexpr char32_t kUnreadable = 0xfffd;

bool is_low_half(std::optional<char32_t> unit) noexcept
{
    return unit && *unit >= 0xdc00 && *unit <= 0xdfff;
}

char32_t take_code_point(std::string_view& rest) noexcept
{
    const auto unit = code_unit(rest);
    rest.remove_prefix(unit ? 6 : 2);
    if (!unit || is_low_half(unit))
        return kUnreadable;
    if (*unit < 0xd800 || *unit > 0xdbff)
        return *unit;
    const auto low = code_unit(rest);
    if (!is_low_half(low))
        return kUnreadable;
    rest.remove_prefix(6);
    return 0x10000 + ((*unit - 0xd800) << 10) + (*low - 0xdc00);
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

struct Utf8
{
    std::array<char, 4> bytes{};
    std::size_t size = 0;

    void push(char32_t byte) noexcept { bytes[size++] = static_cast<char>(byte); }
    std::string_view view() const noexcept { return {bytes.data(), size}; }
};

Utf8 utf8_of(char32_t c) noexcept
{
    Utf8 text;
    if (c < 0x80) {
        text.push(c);
        return text;
    }
    if (c < 0x800) {
        text.push(0xc0 | (c >> 6));
    } else if (c < 0x10000) {
        text.push(0xe0 | (c >> 12));
        text.push(0x80 | ((c >> 6) & 0x3f));
    } else {
        text.push(0xf0 | (c >> 18));
        text.push(0x80 | ((c >> 12) & 0x3f));
        text.push(0x80 | ((c >> 6) & 0x3f));
    }
    text.push(0x80 | (c & 0x3f));
    return text;
}

// Eight bytes at once: strings are nearly all of a frame.
using Word = std::uint64_t;
constexpr Word kOnes = 0x0101010101010101;
constexpr Word kHighs = 0x8080808080808080;
static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");

Word word_at(std::string_view text, std::size_t at) noexcept
{
    Word word;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
}

// The high bits of bytes below c, which is at most 0x80. Only the lowest of them is sure.
constexpr Word below(Word word, unsigned c) noexcept
{
    return (word - kOnes * c) & ~word & kHighs;
}

// High bits of bytes that may not stand in a string; the lowest is sure.
constexpr Word special(Word word) noexcept
{
    return below(word, 0x20) | below(word ^ (kOnes * '"'), 1) | below(word ^ (kOnes * '\\'), 1);
}

constexpr bool is_plain(char c) noexcept
{
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

} // namespace

std::size_t number_length(std::string_view text) noexcept
{
    std::string_view rest = text;
    take_one_of(rest, "-");
    if (!take_one_of(rest, "0") && !take_digits(rest))
        return 0;
    if (take_one_of(rest, ".") && !take_digits(rest))
        return 0;
    if (take_one_of(rest, "eE")) {
        take_one_of(rest, "+-");
        if (!take_digits(rest))
            return 0;
    }
    return text.size() - rest.size();
}

std::size_t literal_length(std::string_view text) noexcept
{
    for (const std::string_view literal : {"true", "false", "null"})
        if (text.starts_with(literal))
            return literal.size();
    return 0;
}

std::size_t escape_length(std::string_view text) noexcept
{
    if (text.size() < 2 || text[0] != '\\')
        return 0;
    if (short_escape(text[1]))
        return 2;
    return code_unit(text) ? 6 : 0;
}

std::size_t plain_length(std::string_view text) noexcept
{
    std::size_t at = 0;
    for (; at + sizeof(Word) <= text.size(); at += sizeof(Word))
        if (const Word found = special(word_at(text, at)))
            return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    while (at < text.size() && is_plain(text[at]))
        ++at;
    return at;
}

char32_t take_escape(std::string_view& rest) noexcept
{
    if (rest.size() >= 2 && rest[1] == 'u')
        return take_code_point(rest);
    const auto c = rest.size() >= 2 ? short_escape(rest[1]) : std::nullopt;
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 2));
    return c.value_or(kUnreadable);
}

std::string unescape(std::string_view body)
{
    std::string text;
    text.reserve(body.size());
    for (;;) {
        const std::size_t at = body.find('\\');
        text.append(body.substr(0, at));
        if (at == std::string_view::npos)
            return text;
        body.remove_prefix(at);
        text.append(utf8_of(take_escape(body)).view());
    }
}

std::string_view decode(std::string_view body, std::span<char> buffer) noexcept
{
    if (body.find('\\') == std::string_view::npos)
        return body;
    std::size_t size = 0;
    while (!body.empty()) {
        Utf8 next;
        if (body.front() == '\\') {
            next = utf8_of(take_escape(body));
        } else {
            next.push(static_cast<unsigned char>(body.front()));
            body.remove_prefix(1);
        }
        if (size + next.size > buffer.size())
            return {};
        std::ranges::copy(next.view(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
        size += next.size;
    }
    return {buffer.data(), size};
}

bool spells(std::string_view body, std::string_view name) noexcept
{
    std::array<char, 64> buffer;
    return decode(body, buffer) == name;
}

} // namespace turngate::protocol
