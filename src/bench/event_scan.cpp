#include "event_scan.hpp"

#include <charconv>
#include <cstring>

namespace turngate::bench {
namespace {

std::string_view after_key(std::string_view event, std::string_view key) noexcept
{
    // memmem, not string_view::find: that stops at each quote, and events are full of them.
    const void* found = ::memmem(event.data(), event.size(), key.data(), key.size());
    if (!found)
        return {};
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - event.data());
    std::string_view rest = event.substr(at + key.size());
    while (rest.starts_with(' '))
        rest.remove_prefix(1);
    return rest;
}

// text begins after the opening quote.
std::optional<std::string_view> until_quote(std::string_view text) noexcept
{
    for (std::size_t from = 0;;) {
        const auto quote = text.find('"', from);
        if (quote == text.npos)
            return std::nullopt;
        std::size_t backslashes = 0;
        while (backslashes < quote && text[quote - 1 - backslashes] == '\\')
            ++backslashes;
        if (backslashes % 2 == 0)
            return text.substr(0, quote);
        from = quote + 1;
    }
}

} // namespace

std::optional<std::uint64_t> find_number(std::string_view event, std::string_view key) noexcept
{
    const std::string_view value = after_key(event, key);
    std::uint64_t number = 0;
    if (std::from_chars(value.data(), value.data() + value.size(), number).ec != std::errc{})
        return std::nullopt;
    return number;
}

std::optional<std::string_view> find_text(std::string_view event, std::string_view key) noexcept
{
    const std::string_view value = after_key(event, key);
    if (!value.starts_with('"'))
        return std::nullopt;
    return until_quote(value.substr(1));
}

std::string_view first_type(std::string_view event) noexcept
{
    static constexpr std::string_view kType = R"({"type":)";
    if (!event.starts_with(kType))
        return {};
    return find_text(event.substr(0, 128), kType).value_or(std::string_view());
}

void TextSum::add(std::string_view escaped) noexcept
{
    size += escaped.size();
    for (const char c : escaped)
        sum += static_cast<unsigned char>(c);
}

} // namespace turngate::bench
