#include "upgrade.hpp"

#include "control.hpp"

namespace turngate::sim {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::string_view key_of(const net::HttpHeaders& headers)
{
    const std::string_view authorization = headers.get("authorization");
    if (authorization.size() < kBearer.size() ||
        !net::equal_without_case(authorization.substr(0, kBearer.size()), kBearer))
        return {};
    return authorization.substr(kBearer.size());
}

} // namespace

std::optional<net::HttpResponse> check_upgrade(const net::HttpRequest& request,
                                               const Options& options)
{
    if (!is_responses_path(request.path()) || !options.websocket)
        return refusal(404, "not_found", "Unknown path.");
    if (!net::is_valid_upgrade(request))
        return refusal(400, "invalid_upgrade", "This is no correct WebSocket handshake.");
    return check_key(request, options);
}

std::optional<net::HttpResponse> check_key(const net::HttpRequest& request, const Options& options)
{
    const std::string_view key = key_of(request.headers);
    if (!key.empty() && (options.key.empty() || options.key == key))
        return std::nullopt;
    net::HttpResponse response = refusal(401, "", "");
    response.body = error_body(invalid_key());
    return response;
}

net::HttpResponse switching(const net::HttpRequest& request, const UpgradeAct* act)
{
    net::HttpResponse response;
    response.status = 101;
    std::string accept = net::websocket_accept(request.headers.get("sec-websocket-key"));
    if (act && act->wrong_accept)
        accept.assign(accept.rbegin(), accept.rend());
    response.headers.add("upgrade", "websocket");
    response.headers.add("connection", "Upgrade");
    response.headers.add("sec-websocket-accept", accept);
    if (act)
        for (const auto& [name, value] : act->headers)
            response.headers.add(name, value);
    return response;
}

net::HttpResponse scripted_refusal(const UpgradeAct& act)
{
    net::HttpResponse response;
    response.status = act.status;
    for (const auto& [name, value] : act.headers)
        response.headers.add(name, value);
    response.body = act.body;
    return response;
}

// The body lasts until the connection ends, which we never do.
std::string endless_head(const net::HttpResponse& response)
{
    std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " Refused\r\n";
    for (const auto& [name, value] : response.headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    return bytes.append("connection: close\r\n\r\n").append(response.body);
}

} // namespace turngate::sim
