#include "cors.hpp"

#include <algorithm>

namespace turngate::gateway {

std::string allowed_origin(const net::HttpRequest& request, const config::Server& server)
{
    const std::string_view origin = request.headers.get("origin");
    const bool is_allowed =
        !origin.empty() && std::ranges::any_of(server.cors_origins, [&](const std::string& each) {
            return each == "*" || net::equal_without_case(each, origin);
        });
    return is_allowed ? std::string(origin) : std::string();
}

std::optional<net::HttpResponse> preflight(const net::HttpRequest& request, std::string_view origin)
{
    if (request.method != "OPTIONS" || origin.empty() ||
        !request.headers.has("access-control-request-method"))
        return std::nullopt;
    net::HttpResponse response;
    response.status = 204;
    response.headers.add("access-control-allow-methods", "GET, POST, DELETE");
    const std::string_view asked = request.headers.get("access-control-request-headers");
    response.headers.add("access-control-allow-headers",
                         asked.empty() ? "authorization, content-type, x-api-key, openai-beta"
                                       : asked);
    response.headers.add("access-control-max-age", "600");
    return response;
}

net::HttpHeaders cors_headers(std::string_view origin)
{
    net::HttpHeaders headers;
    if (origin.empty())
        return headers;
    headers.add("access-control-allow-origin", origin);
    headers.add("vary", "origin");
    headers.add("access-control-expose-headers", "x-request-id, retry-after");
    return headers;
}

} // namespace turngate::gateway
