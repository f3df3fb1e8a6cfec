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

bool is_codex(std::string_view name) noexcept
{
    constexpr std::string_view kPrefix = "x-codex-";
    return name.size() > kPrefix.size() &&
           net::equal_without_case(name.substr(0, kPrefix.size()), kPrefix);
}

bool is_trusted(std::string_view address, const std::vector<config::Cidr>& trusted)
{
    return std::any_of(trusted.begin(), trusted.end(), [&](const config::Cidr& block) {
        return block.contains(address);
    });
}

std::string_view trim(std::string_view text)
{
    const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
    const auto end = text.find_last_not_of(" \t");
    return text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
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
                             is_codex(name) || is_this("x-grok-conv-id") ||
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

std::string client_address(const std::string& peer,
                           const net::HttpHeaders& headers,
                           const std::vector<config::Cidr>& trusted)
{
    std::string address = peer;
    if (!is_trusted(address, trusted))
        return address;
    std::vector<std::string_view> hops;
    for (const auto& [name, value] : headers) {
        if (!net::equal_without_case(name, "x-forwarded-for"))
            continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            hops.push_back(trim(rest.substr(0, comma)));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        if (!config::is_ip(*hop))
            break; // nobody vouches for what stands left of it
        address = std::string(*hop);
        if (!is_trusted(address, trusted))
            break;
    }
    return address;
}

} // namespace turngate::gateway
