#include "seal_text.hpp"

namespace turngate::conversation {
namespace {

// Within a string the quotes would have backslashes before them.
constexpr std::string_view kKey = "\"encrypted_content\"";

std::string_view without_space(std::string_view text) noexcept
{
    const auto begin = text.find_first_not_of(" \t\r\n");
    return begin == text.npos ? std::string_view() : text.substr(begin);
}

// The body of the string that text begins with; empty if it begins with something else.
std::string_view string_body(std::string_view text) noexcept
{
    if (!text.starts_with('"'))
        return {};
    for (std::size_t at = text.find('"', 1); at != text.npos; at = text.find('"', at + 1)) {
        const std::string_view body = text.substr(1, at - 1);
        const std::size_t before = body.find_last_not_of('\\') + 1; // 0: nothing else
        if ((body.size() - before) % 2 == 0)
            return body;
    }
    return {};
}

} // namespace

std::string_view next_seal(std::string_view& rest) noexcept
{
    for (std::size_t at = rest.find(kKey); at != rest.npos; at = rest.find(kKey)) {
        rest.remove_prefix(at + kKey.size());
        const std::string_view value = without_space(rest);
        if (!value.starts_with(':'))
            continue;
        const std::string_view body = string_body(without_space(value.substr(1)));
        if (!body.empty())
            return body;
    }
    rest = {};
    return {};
}

} // namespace turngate::conversation
