#pragma once

#include "turngate/config/config.hpp"
#include "turngate/net/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace turngate::gateway {

// Pages in browsers (http.md section 8.6): those of server.cors_origins may ask, and read answers.

// The origin that the request comes from, if it may; else empty.
std::string allowed_origin(const net::HttpRequest& request, const config::Server& server);

// The answer to a preflight, but for cors_headers; nothing: it is none, or of nobody who may ask.
std::optional<net::HttpResponse> preflight(const net::HttpRequest& request,
                                           std::string_view origin);

// What an answer to that origin has at its head; nothing for an empty one.
net::HttpHeaders cors_headers(std::string_view origin);

} // namespace turngate::gateway
