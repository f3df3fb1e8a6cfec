#include "door.hpp"

#include "response_question.hpp"

#include "turngate/config/address.hpp"
#include "turngate/core/bytes.hpp"
#include "turngate/core/id.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/protocol/http_create.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

Refusal retry_later(Refusal refusal, std::string_view seconds)
{
    refusal.headers.add("retry-after", seconds);
    return refusal;
}

constexpr std::string_view kInvalidRequest = "invalid_request_error";

bool is_allowed(const std::string& ip, const std::vector<std::string>& blocks)
{
    return blocks.empty() ||
           std::any_of(blocks.begin(), blocks.end(), [&](const std::string& text) {
               const auto block = config::Cidr::parse(text);
               return block && block->contains(ip);
           });
}

constexpr std::string_view kResponses = "/responses";

// In use for the same thing (http.md section 1).
constexpr std::string_view kPaths[] = {"/v1/responses",
                                       "/responses",
                                       "/openai/v1/responses",
                                       "/codex/responses",
                                       "/v1/codex/responses",
                                       "/backend-api/codex/responses"};

bool asks_over_http(const net::HttpRequest& request)
{
    return posted_endpoint(request) || response_question(request) || models_question(request);
}

Refusal not_served(std::string_view path)
{
    auto refusal =
        refuse(405, "This method is not served here.", kInvalidRequest, "method_not_allowed");
    refusal.headers.add("allow", is_responses_path(path) ? "GET, HEAD, POST" : "GET, POST, DELETE");
    return refusal;
}

// Codes are chosen for what real clients do with them (protocol.md 10.4).
std::optional<Refusal> serves_nothing(const net::HttpRequest& request)
{
    if (asks_over_http(request))
        return std::nullopt;
    if (request.method == "OPTIONS")
        return not_served(request.path());
    if (!is_responses_path(request.path()))
        return refuse(
            404, "There is nothing here; the path is /v1/responses.", kInvalidRequest, "not_found");
    if (request.method == "HEAD")
        return Refusal{};
    if (request.method != "GET")
        return not_served(request.path());
    if (!net::wants_websocket(request)) {
        auto refusal = refuse(426,
                              "This endpoint speaks WebSocket: send an upgrade request.",
                              kInvalidRequest,
                              "upgrade_required");
        refusal.headers.add("upgrade", "websocket");
        refusal.headers.add("connection", "upgrade"); // RFC 9110 section 7.8
        return refusal;
    }
    if (!net::is_valid_upgrade(request)) {
        auto refusal = refuse(
            400, "The WebSocket upgrade request is not valid.", kInvalidRequest, "invalid_upgrade");
        refusal.headers.add("sec-websocket-version", "13");
        return refusal;
    }
    return std::nullopt;
}

bool has_key_in_query(std::string_view query)
{
    constexpr std::string_view kNames[] = {
        "key", "api_key", "api-key", "apikey", "x-api-key", "access_token", "token"};
    return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view name) {
        return net::has_query_parameter(query, name);
    });
}

} // namespace

std::variant<Visitor, Refusal> judge(const net::HttpRequest& request,
                                     const std::string& client_ip,
                                     const Rooms& rooms)
{
    const Snapshot& snapshot = *rooms.snapshot;
    if (auto refusal = serves_nothing(request))
        return std::move(*refusal);
    if (has_key_in_query(request.query()))
        return refuse(400,
                      "Send the API key in a header, never in the URL.",
                      kInvalidRequest,
                      "key_in_query");
    const std::string_view secret = access::key_of(request.headers);
    if (secret.empty())
        return refuse(401, "No API key was given.", "authentication_error", "missing_api_key");
    Visitor visitor = snapshot.keys.find(secret);
    if (!visitor && !snapshot.keys.is_complete())
        return retry_later(
            refuse(503, "The keys cannot be read right now.", "server_error", "repository_down"),
            "5");
    if (!visitor || rooms.revoked.contains(visitor->digest))
        return refuse(401, "The API key is not valid.", "authentication_error", "invalid_api_key");
    if (!is_allowed(client_ip, visitor->allow_ips))
        return refuse(
            403, "This address may not use the API key.", "permission_error", "ip_not_allowed");
    const bool is_http = asks_over_http(request);
    if (is_http && !visitor->http)
        return refuse(403, "HTTP is switched off for this group.", kInvalidRequest, "http_off");
    if (!is_http && visitor->mode == config::Mode::off)
        return refuse(426,
                      "WebSocket is switched off for this group; use HTTP.",
                      kInvalidRequest,
                      "websocket_off");
    if (rooms.is_draining)
        return retry_later(refuse(503, "The gateway restarts.", "server_error", "gateway_draining"),
                           "1");
    if (!snapshot.accounts.serves_group(visitor->group))
        return retry_later(refuse(503,
                                  "No account is configured for this group.",
                                  "server_error",
                                  "no_account_available"),
                           "30");
    return visitor;
}

Refusal refuse(int status, std::string_view message, std::string_view type, std::string_view code)
{
    Refusal refusal;
    refusal.status = status;
    refusal.headers.add("content-type", "application/json");
    refusal.body = protocol::error_body(message, type, code);
    if (status == 401)
        refusal.headers.add("www-authenticate", "Bearer");
    return refusal;
}

std::optional<protocol::Endpoint> posted_endpoint(const net::HttpRequest& request)
{
    using protocol::Endpoint;
    if (request.method != "POST")
        return std::nullopt;
    for (const Endpoint each : {Endpoint::responses, Endpoint::compact, Endpoint::input_tokens}) {
        std::string_view path = request.path();
        const std::string_view below = protocol::path_of(each);
        if (!path.ends_with(below))
            continue;
        path.remove_suffix(below.size());
        if (is_responses_path(path))
            return each;
    }
    return std::nullopt;
}

// Beside each path of responses. A name may have slashes, encoded or not.
std::optional<std::string> models_question(const net::HttpRequest& request)
{
    constexpr std::string_view kModels = "/models";
    if (request.method != "GET" || net::wants_websocket(request))
        return std::nullopt;
    for (std::string_view base : kPaths) {
        std::string_view path = request.path();
        base.remove_suffix(kResponses.size());
        if (!path.starts_with(base) || !path.substr(base.size()).starts_with(kModels))
            continue;
        path.remove_prefix(base.size() + kModels.size());
        if (path.empty())
            return std::string();
        if (path.size() > 1 && path.front() == '/')
            return core::percent_decode(path.substr(1));
    }
    return std::nullopt;
}

bool is_responses_path(std::string_view path) noexcept
{
    return std::ranges::find(kPaths, path) != std::end(kPaths);
}

Refusal not_http(int status)
{
    return refuse(
        status, "This is not an acceptable HTTP request.", kInvalidRequest, "bad_request");
}

Refusal too_many_sockets()
{
    return retry_later(
        refuse(429, "Too many connections are open.", "rate_limit_error", "rate_limit_exceeded"),
        "5");
}

core::Digest session_key(std::string_view tenant, std::string_view name)
{
    std::string scoped(tenant);
    scoped.push_back('\0');
    scoped.append(name.empty() ? core::uuid7() : std::string(name));
    return core::sha256(scoped);
}

} // namespace turngate::gateway
