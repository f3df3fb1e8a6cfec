#include "json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace turngate::sim {
namespace {

void append_escaped(std::string& out, unsigned char c)
{
    switch (c) {
    case '"':
        out.append("\\\"");
        break;
    case '\\':
        out.append("\\\\");
        break;
    case '\n':
        out.append("\\n");
        break;
    case '\r':
        out.append("\\r");
        break;
    case '\t':
        out.append("\\t");
        break;
    default:
        out.append("\\u00");
        out.push_back("0123456789abcdef"[c >> 4]);
        out.push_back("0123456789abcdef"[c & 15]);
    }
}

// Of an escape \uXXXX at the beginning; 0: there is none.
unsigned escaped_unit(std::string_view text) noexcept
{
    unsigned unit = 0;
    if (text.size() < 6 || !text.starts_with("\\u"))
        return 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
    return error == std::errc() && end == text.data() + 6 ? unit : 0;
}

} // namespace

void append_quoted(std::string& out, std::string_view text)
{
    out.push_back('"');
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        out.append(text, plain, i - plain);
        append_escaped(out, c);
        plain = i + 1;
    }
    out.append(text, plain, text.size() - plain);
    out.push_back('"');
}

std::string in_quotes(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + 2);
    append_quoted(out, text);
    return out;
}

void append_number(std::string& out, std::int64_t number)
{
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

std::string with_whole_pairs(std::string_view json)
{
    std::string out(json);
    for (auto at = out.find('\\'); at != std::string::npos; at = out.find('\\', at)) {
        const unsigned unit = escaped_unit(std::string_view(out).substr(at));
        const bool is_high = unit >= 0xd800 && unit < 0xdc00;
        const bool is_half = unit >= 0xd800 && unit < 0xe000;
        const std::string_view rest = std::string_view(out).substr(std::min(out.size(), at + 6));
        const unsigned next = is_high ? escaped_unit(rest) : 0;
        const bool is_pair = next >= 0xdc00 && next < 0xe000;
        if (is_half && !is_pair)
            out.replace(at, 6, "\\ufffd");
        at += is_pair ? 12 : unit > 0 ? 6 : 2;
    }
    return out;
}

std::size_t cut_point(std::string_view text, std::size_t bytes) noexcept
{
    if (bytes >= text.size())
        return text.size();
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80)
        --bytes;
    return bytes;
}

} // namespace turngate::sim
