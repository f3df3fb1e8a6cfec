#include "url.hpp"

#include "turngate/config/address.hpp"

#include <algorithm>

namespace turngate::config {
namespace {

bool is_visible(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// host, host:port, [v6] or [v6]:port
bool split_authority(std::string_view authority, Url& url)
{
    const bool is_v6 = authority.starts_with('[');
    const std::size_t end = is_v6 ? authority.find(']') : authority.find(':');
    url.host = authority.substr(is_v6, end - is_v6);
    if (is_v6 && end == authority.npos)
        return false;

    const std::string_view port = authority.substr(std::min(end + is_v6, authority.size()));
    if (!port.empty()) {
        url.port = port.substr(1);
        if (port[0] != ':' || url.port == "0" || !is_port(url.port))
            return false;
    }
    return is_v6 ? is_ip(url.host) : is_host(url.host);
}

} // namespace

std::optional<Url> parse_url(std::string_view text)
{
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == text.npos || !is_visible(text) || text.find('#') != text.npos)
        return std::nullopt;

    Url url;
    url.scheme = text.substr(0, scheme_end);
    std::string_view authority = text.substr(scheme_end + 3);
    const std::size_t end = std::min(authority.find_first_of("/?"), authority.size());
    url.rest = authority.substr(end);
    authority = authority.substr(0, end);
    if (const std::size_t at = authority.rfind('@'); at != authority.npos) {
        url.userinfo = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    if (!split_authority(authority, url))
        return std::nullopt;
    return url;
}

} // namespace turngate::config
