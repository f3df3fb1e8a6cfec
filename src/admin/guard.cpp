#include "guard.hpp"

#include "turngate/config/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace turngate::admin {
namespace {

// Pages can send it to their own origin alone: to others the browser asks first, and gets no
// answer from us that would permit it.
constexpr std::string_view kOwnHeader = "x-turngate";

std::string host_of(std::string_view authority)
{
    if (authority.starts_with('['))
        return std::string(authority.substr(1, authority.find(']') - 1));
    return std::string(authority.substr(0, authority.rfind(':')));
}

bool is_address(const std::string& host)
{
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool is_read(const net::HttpRequest& request)
{
    return request.method == "GET" || request.method == "HEAD";
}

bool is_about_health(std::string_view path)
{
    return path == "/healthz" || path == "/readyz";
}

} // namespace

Guard::Guard(const config::Admin& config) : hosts_(config.hosts)
{
    if (!config.token.empty())
        token_ = core::sha256(config.token);
    const auto own = config::ListenAddress::parse(config.listen);
    looks_at_host_ = !token_ && !(own && own->is_unix()); // no page reaches a path
    hosts_.emplace_back("localhost");
    if (own)
        hosts_.push_back(own->host);
}

bool Guard::knows_host(std::string_view authority) const
{
    const std::string host = host_of(authority);
    return is_address(host) || std::ranges::any_of(hosts_, [&](const std::string& known) {
               return net::equal_without_case(host, known);
           });
}

bool Guard::is_of_another_origin(const net::HttpRequest& request) const
{
    const std::string_view site = request.headers.get("sec-fetch-site");
    if (site == "cross-site" || site == "same-site")
        return true;
    if (!request.headers.has("origin"))
        return false;
    const std::string_view origin = request.headers.get("origin");
    const auto scheme = origin.find("://");
    return scheme == std::string_view::npos ||
           !net::equal_without_case(origin.substr(scheme + 3), request.headers.get("host"));
}

bool Guard::has_token(const net::HttpRequest& request) const
{
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view header = request.headers.get("authorization");
    return net::equal_without_case(header.substr(0, kBearer.size()), kBearer) &&
           core::equal_in_constant_time(core::sha256(header.substr(kBearer.size())), *token_);
}

std::optional<Answer> Guard::refuse(const net::HttpRequest& request) const
{
    if (is_of_another_origin(request))
        return refusal(403, "Pages of another origin may not ask here.", "foreign_origin");
    const bool has_host = request.headers.has("host"); // every browser sends it
    if (looks_at_host_ && has_host && !knows_host(request.headers.get("host")))
        return refusal(403,
                       "This host name is not known here. Use an address or localhost, or put the "
                       "name into admin.hosts.",
                       "foreign_host");
    if (is_read(request) && is_about_health(request.path()))
        return std::nullopt;
    if (token_ && !has_token(request))
        return refusal(401, "The admin token is missing or wrong.", "invalid_token");
    if (!token_ && !is_read(request) && request.headers.get(kOwnHeader).empty())
        return refusal(403,
                       "Without an admin token, what changes something needs the header "
                       "`x-turngate: 1`.",
                       "header_required");
    return std::nullopt;
}

} // namespace turngate::admin
