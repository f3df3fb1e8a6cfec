#include "named_fields.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace turngate::protocol {
namespace {

using Key = std::array<char, 64>; // longer ones are no names of ours

constexpr bool is_upper(char c) noexcept
{
    return c >= 'A' && c <= 'Z';
}

// Besides the capitals two characters beyond ASCII are letters of it to who folds case by Unicode
// (Go's encoding/json does): U+017F is an s, U+212A a k.
char take_folded(std::string_view& rest) noexcept
{
    for (const auto& [sequence, letter] :
         {std::pair(std::string_view("\xc5\xbf"), 's'), {std::string_view("\xe2\x84\xaa"), 'k'}}) {
        if (rest.starts_with(sequence)) {
            rest.remove_prefix(sequence.size());
            return letter;
        }
    }
    const char c = rest.front();
    rest.remove_prefix(1);
    return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view fold(std::string_view text, Key& buffer) noexcept
{
    std::size_t size = 0;
    while (!text.empty())
        buffer[size++] = take_folded(text); // never longer than text, which fits
    return {buffer.data(), size};
}

bool may_fold(std::string_view text) noexcept
{
    return std::ranges::any_of(text, [](char c) { return is_upper(c) || (c & 0x80) != 0; });
}

} // namespace

std::optional<KeyMatch> match_key(std::string_view body,
                                  std::span<const std::string_view> names) noexcept
{
    Key decoded;
    const std::string_view text = decode(body, decoded);
    const auto exact = std::ranges::find(names, text);
    if (exact != names.end())
        return KeyMatch{static_cast<std::size_t>(exact - names.begin()), true};
    if (text.size() > decoded.size() || !may_fold(text))
        return std::nullopt;
    Key folded;
    const auto alike = std::ranges::find(names, fold(text, folded));
    if (alike == names.end())
        return std::nullopt;
    return KeyMatch{static_cast<std::size_t>(alike - names.begin()), false};
}

} // namespace turngate::protocol
