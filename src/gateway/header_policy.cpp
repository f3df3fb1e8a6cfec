#include "header_policy.hpp"

#include <algorithm>
#include <array>

namespace turngate::gateway {
namespace {

constexpr std::array<std::string_view, 9> kForwarded{"user-agent",
                                                     "originator",
                                                     "openai-beta",
                                                     "accept-language",
                                                     "session-id",
                                                     "session_id",
                                                     "conversation_id",
                                                     "thread-id",
                                                     "x-client-request-id"};

bool is_codex_header(std::string_view name) noexcept
{
    constexpr std::string_view kPrefix = "x-codex-";
    return name.size() > kPrefix.size() &&
           net::equal_without_case(name.substr(0, kPrefix.size()), kPrefix);
}

} // namespace

net::HttpHeaders forwardable(const net::HttpHeaders& headers, const std::vector<std::string>& extra)
{
    net::HttpHeaders kept;
    for (const auto& [name, value] : headers) {
        const auto is_this = [&](std::string_view one) {
            return net::equal_without_case(one, name);
        };
        const bool is_kept = std::any_of(kForwarded.begin(), kForwarded.end(), is_this) ||
                             is_codex_header(name) || is_this("x-grok-conv-id") ||
                             std::any_of(extra.begin(), extra.end(), is_this);
        if (is_kept)
            kept.add(name, value);
    }
    return kept;
}

std::string_view session_name(const net::HttpHeaders& headers) noexcept
{
    for (const std::string_view name : {"session-id", "session_id", "conversation_id"})
        if (const std::string_view value = headers.get(name); !value.empty())
            return value;
    return {};
}

bool is_codex(const net::HttpHeaders& headers) noexcept
{
    constexpr std::string_view kPrefix = "codex";
    const auto is_its = [&](std::string_view value) {
        return net::equal_without_case(value.substr(0, kPrefix.size()), kPrefix);
    };
    return is_its(headers.get("user-agent")) || is_its(headers.get("originator"));
}

} // namespace turngate::gateway
