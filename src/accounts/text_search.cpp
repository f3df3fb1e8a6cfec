#include "text_search.hpp"

#include <algorithm>

namespace turngate::accounts {
namespace {

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_letter(char c) noexcept
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

std::size_t position(std::string_view text, std::string_view what, std::size_t from) noexcept
{
    const auto same = [](char a, char b) { return lower(a) == b; };
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(std::min(from, text.size()));
    const auto found = std::search(begin, text.end(), what.begin(), what.end(), same);
    return found == text.end() ? text.npos : static_cast<std::size_t>(found - text.begin());
}

std::size_t word_position(std::string_view text, std::string_view word, std::size_t from) noexcept
{
    for (auto at = position(text, word, from); at != text.npos; at = position(text, word, at + 1)) {
        const auto end = at + word.size();
        const bool begins = at == 0 || !is_letter(text[at - 1]);
        if (begins && (end == text.size() || !is_letter(text[end])))
            return at;
    }
    return text.npos;
}

} // namespace

bool contains(std::string_view text, std::string_view what) noexcept
{
    return position(text, what, 0) != text.npos;
}

bool contains_word(std::string_view text, std::string_view word) noexcept
{
    return word_position(text, word, 0) != text.npos;
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view word) noexcept
{
    for (auto at = word_position(text, word, 0); at != text.npos;
         at = word_position(text, word, at + 1)) {
        auto rest = text.substr(at + word.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(" :="), rest.size()));
        if (rest.empty() || !is_digit(rest.front()))
            continue;
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < rest.size() && number < 1'000'000'000'000; ++i)
            if (is_digit(rest[i]))
                number = number * 10 + static_cast<std::uint64_t>(rest[i] - '0');
            else if (rest[i] != ',' || i + 1 == rest.size() || !is_digit(rest[i + 1]))
                break;
        return number;
    }
    return std::nullopt;
}

} // namespace turngate::accounts
