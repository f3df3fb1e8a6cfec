#pragma once

#include "rooms.hpp"

#include "turngate/net/http.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace turngate::gateway {

// What the gateway answers instead of letting someone in.
using Refusal = net::HttpResponse;

// Who may come in: whom the key belongs to.
using Visitor = std::shared_ptr<const access::Principal>;

// Decided from the request and the client's address alone (behaviour.md section 1). Pure but for
// the key ring.
std::variant<Visitor, Refusal> judge(const net::HttpRequest& request,
                                     const std::string& client_ip,
                                     const Rooms& rooms);

Refusal refuse(int status, std::string_view message, std::string_view type, std::string_view code);

// A turn is asked for over HTTP, not a WebSocket: what is posted, and where.
std::optional<protocol::Endpoint> posted_endpoint(const net::HttpRequest& request);

// The models of the key, or one of them, are asked for: its name, or an empty one.
std::optional<std::string> models_question(const net::HttpRequest& request);

// One of those that a create or an upgrade goes to.
bool is_responses_path(std::string_view path) noexcept;

// For what is no acceptable request at all: 400, or 431 for too large a head.
Refusal not_http(int status);

// What every refusal for want of room says.
Refusal too_many_sockets();

// A session key, scoped by tenant; from the client's name for its session, or unique.
core::Digest session_key(std::string_view tenant, std::string_view name);

} // namespace turngate::gateway
