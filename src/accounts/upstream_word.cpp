#include "turngate/accounts/upstream_word.hpp"

#include <algorithm>

namespace turngate::accounts {
namespace {

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view text, std::string_view lower_case) noexcept
{
    const auto same = [](char a, char b) { return lower(a) == b; };
    return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(), same) !=
           text.end();
}

UpstreamWord word_of_code(std::string_view code) noexcept
{
    if (code == "previous_response_not_found")
        return UpstreamWord::parent_not_found;
    if (code == "websocket_connection_limit_reached")
        return UpstreamWord::connection_limit;
    if (code == "rate_limit_exceeded")
        return UpstreamWord::rate_limited;
    if (code == "usage_limit_reached" || code == "insufficient_quota" ||
        code == "usage_not_included")
        return UpstreamWord::quota;
    if (code == "server_is_overloaded" || code == "slow_down")
        return UpstreamWord::overloaded;
    if (code == "server_error")
        return UpstreamWord::server_error;
    return UpstreamWord::none;
}

UpstreamWord word_of_message(std::string_view message) noexcept
{
    if (contains(message, "no tool output found") || contains(message, "no tool call found"))
        return UpstreamWord::tool_pairing;
    // A reasoning item without what follows it, or an item without its reasoning.
    if (contains(message, "reasoning") && contains(message, "without its required"))
        return UpstreamWord::orphaned_reasoning;
    return UpstreamWord::request_error;
}

} // namespace

UpstreamWord read_word(int status, std::string_view code, std::string_view message) noexcept
{
    const UpstreamWord word = word_of_code(code);
    if (word != UpstreamWord::none)
        return word;
    if (status == 429)
        return UpstreamWord::rate_limited;
    if (status >= 500)
        return UpstreamWord::server_error;
    if (status == 400)
        return word_of_message(message);
    const bool says_nothing = status == 0 && code.empty() && message.empty();
    return says_nothing ? UpstreamWord::none : UpstreamWord::request_error;
}

int status_of(UpstreamWord word) noexcept
{
    switch (word) {
    case UpstreamWord::rate_limited:
    case UpstreamWord::quota:
        return 429;
    case UpstreamWord::server_error:
        return 500;
    case UpstreamWord::overloaded:
        return 503;
    case UpstreamWord::none:
    case UpstreamWord::parent_not_found:
    case UpstreamWord::tool_pairing:
    case UpstreamWord::orphaned_reasoning:
    case UpstreamWord::connection_limit:
    case UpstreamWord::request_error:
        return 400;
    }
    return 400;
}

} // namespace turngate::accounts
