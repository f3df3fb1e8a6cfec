#include "field_search.hpp"

#include "json_text.hpp"

#include <algorithm>
#include <cstring>

namespace turngate::protocol {
namespace {

// Goes forward only; at the end every question is answered with no.
struct Scanner
{
    std::string_view rest;

    void skip_space() noexcept
    {
        while (!rest.empty() && is_json_space(rest.front()))
            rest.remove_prefix(1);
    }

    bool take(char c) noexcept
    {
        skip_space();
        if (rest.empty() || rest.front() != c)
            return false;
        rest.remove_prefix(1);
        return true;
    }

    std::string_view take_string() noexcept
    {
        skip_space();
        const std::string_view body = string_body(rest);
        if (body.data())
            rest.remove_prefix(body.size() + 2);
        return body;
    }

    bool skip_value() noexcept
    {
        skip_space();
        if (rest.starts_with('"'))
            return take_string().data() != nullptr;
        if (rest.starts_with('{') || rest.starts_with('['))
            return skip_container();
        rest.remove_prefix(std::min(rest.find_first_of(",}]"), rest.size()));
        return true;
    }

    bool skip_container() noexcept
    {
        std::size_t depth = 0;
        while (!rest.empty()) {
            switch (rest.front()) {
            case '"':
                if (!take_string().data())
                    return false;
                continue;
            case '{':
            case '[':
                ++depth;
                break;
            case '}':
            case ']':
                --depth;
                break;
            default:
                break;
            }
            rest.remove_prefix(1);
            if (depth == 0)
                return true;
        }
        return false;
    }
};

std::string_view after_space(std::string_view text) noexcept
{
    while (!text.empty() && is_json_space(text.front()))
        text.remove_prefix(1);
    return text;
}

// What follows token in text, white space aside; a null view if something else does.
std::string_view after(std::string_view text, std::string_view token) noexcept
{
    text = after_space(text);
    return text.starts_with(token) ? text.substr(token.size()) : std::string_view();
}

std::string_view without_space_behind(std::string_view text) noexcept
{
    while (!text.empty() && is_json_space(text.back()))
        text.remove_suffix(1);
    return text;
}

} // namespace

std::string_view string_body(std::string_view text) noexcept
{
    if (!text.starts_with('"'))
        return {};
    text.remove_prefix(1);
    std::size_t end = text.find('"');
    while (end != std::string_view::npos) {
        const std::size_t last_other = text.substr(0, end).find_last_not_of('\\');
        const std::size_t backslashes = end - (last_other + 1); // npos + 1 is 0
        if (backslashes % 2 == 0)
            return text.substr(0, end);
        end = text.find('"', end + 1);
    }
    return {};
}

std::string_view find_top_level(std::string_view frame, std::string_view name) noexcept
{
    Scanner scanner{frame};
    if (!scanner.take('{'))
        return {};
    do {
        const std::string_view key = scanner.take_string();
        if (!key.data() || !scanner.take(':'))
            return {};
        if (spells(key, name)) {
            scanner.skip_space();
            return scanner.rest;
        }
    } while (scanner.skip_value() && scanner.take(','));
    return {};
}

std::string_view top_level_value(std::string_view frame, std::string_view name) noexcept
{
    const std::string_view from = find_top_level(frame, name);
    Scanner scanner{from};
    if (from.empty() || !scanner.skip_value())
        return {};
    return without_space_behind(from.substr(0, from.size() - scanner.rest.size()));
}

std::string_view leading_type(std::string_view frame) noexcept
{
    return after_space(after(after(after(frame, "{"), "\"type\""), ":"));
}

std::string_view type_body(std::string_view frame) noexcept
{
    const std::string_view value = leading_type(frame);
    return string_body(value.empty() ? find_top_level(frame, "type") : value);
}

bool mentions(std::string_view frame, std::string_view text) noexcept
{
    return ::memmem(frame.data(), frame.size(), text.data(), text.size()) != nullptr;
}

} // namespace turngate::protocol
