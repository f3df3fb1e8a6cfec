#include "client_address.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

std::string_view trim(std::string_view text)
{
    const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
    const auto end = text.find_last_not_of(" \t");
    return text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
}

// In the order of the fields and their lists; empty elements are none (RFC 9110 section 5.6.1).
std::vector<std::string_view> hops_of(const net::HttpHeaders& headers)
{
    std::vector<std::string_view> hops;
    for (const auto& [name, value] : headers) {
        if (!net::equal_without_case(name, "x-forwarded-for"))
            continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            if (const auto hop = trim(rest.substr(0, comma)); !hop.empty())
                hops.push_back(hop);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return hops;
}

} // namespace

TrustedProxies::TrustedProxies(const config::Server& server)
{
    for (const std::string& text : server.trusted_proxies) {
        if (text == config::kUnixPeer)
            has_unix_ = true;
        else if (const auto block = config::Cidr::parse(text))
            blocks_.push_back(*block);
    }
}

bool TrustedProxies::has(std::string_view peer) const
{
    if (peer == config::kUnixPeer)
        return has_unix_;
    return std::any_of(blocks_.begin(), blocks_.end(), [&](const config::Cidr& block) {
        return block.contains(peer);
    });
}

std::string TrustedProxies::client_of(std::string_view peer, const net::HttpHeaders& headers) const
{
    std::string address = config::plain_ip(peer).value_or(std::string(peer));
    if (!has(address))
        return address;
    const auto hops = hops_of(headers);
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        auto ip = config::plain_ip(*hop);
        if (!ip)
            break; // nobody vouches for what stands left of it
        address = std::move(*ip);
        if (!has(address))
            break;
    }
    return address;
}

} // namespace turngate::gateway
