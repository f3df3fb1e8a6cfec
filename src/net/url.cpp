#include "turngate/net/dial.hpp"

#include "turngate/core/bytes.hpp"

#include <algorithm>
#include <charconv>

namespace turngate::net {
namespace {

std::uint16_t default_port(std::string_view scheme) noexcept
{
    if (scheme == "http" || scheme == "ws")
        return 80;
    if (scheme == "https" || scheme == "wss")
        return 443;
    if (scheme == "socks5" || scheme == "socks5h")
        return 1080;
    return 0;
}

} // namespace

std::string Url::authority() const
{
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != default_port(scheme))
        text += ":" + std::to_string(port);
    return text;
}

std::optional<Url> parse_url(std::string_view text)
{
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos)
        return std::nullopt;
    Url url;
    url.scheme = std::string(text.substr(0, scheme_end));
    url.port = default_port(url.scheme);
    if (url.port == 0)
        return std::nullopt;
    text.remove_prefix(scheme_end + 3);

    const auto path_at = std::min(text.find_first_of("/?"), text.size());
    std::string_view authority = text.substr(0, path_at);
    url.path = std::string(text.substr(path_at));
    if (!url.path.starts_with('/'))
        url.path.insert(0, "/");

    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const std::string_view credentials = authority.substr(0, at);
        const auto colon = std::min(credentials.find(':'), credentials.size());
        auto user = core::percent_decode(credentials.substr(0, colon));
        auto password =
            core::percent_decode(credentials.substr(std::min(colon + 1, credentials.size())));
        if (!user || !password)
            return std::nullopt;
        url.user = std::move(*user);
        url.password = std::move(*password);
        authority.remove_prefix(at + 1);
    }

    std::string_view port;
    if (authority.starts_with('[')) {
        const auto bracket = authority.find(']');
        if (bracket == std::string_view::npos)
            return std::nullopt;
        url.host = std::string(authority.substr(1, bracket - 1));
        port = authority.substr(bracket + 1);
    } else {
        const auto colon = std::min(authority.find(':'), authority.size());
        url.host = std::string(authority.substr(0, colon));
        port = authority.substr(colon);
    }
    if (url.host.empty())
        return std::nullopt;
    if (!port.empty()) {
        const auto [end, error] =
            std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
        if (port.front() != ':' || error != std::errc() || end != port.data() + port.size() ||
            url.port == 0)
            return std::nullopt;
    }
    return url;
}

} // namespace turngate::net
