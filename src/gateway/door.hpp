#pragma once

#include "rooms.hpp"
#include "session.hpp"
#include "socket_counts.hpp"

#include "turngate/net/http.hpp"
#include "turngate/net/tls.hpp"

#include <memory>
#include <string>
#include <variant>

namespace turngate::gateway {

// What the gateway answers instead of an upgrade.
using Refusal = net::HttpResponse;

// Who comes in, decided from the request alone (behaviour.md section 1). Pure but for the key ring.
struct Visitor
{
    std::shared_ptr<const access::Principal> principal;
    std::string client_ip;
};

std::variant<Visitor, Refusal> judge(const net::HttpRequest& request,
                                     const std::string& peer,
                                     const Rooms& rooms);

// For what is no acceptable request at all: 400, or 431 for too large a head.
Refusal not_http(int status);

// What every refusal for want of room says.
Refusal too_many_sockets();

// A session key, scoped by tenant; from the client's name for its session, or unique.
core::Digest session_key(std::string_view tenant, std::string_view name);

} // namespace turngate::gateway
