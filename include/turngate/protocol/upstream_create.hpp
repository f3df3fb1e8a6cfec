#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::protocol {

// What an account over HTTP wants otherwise than one over WebSocket (http.md sections 6.1 to 6.4).
struct HttpWants
{
    bool stores = true;              // else `store: true` is told as false, and messages have ids
    std::vector<std::string> fields; // that it refuses, at the top
    std::vector<std::string> tools;  // by type
    std::vector<std::string> items;  // of the input, by type
    bool streams = true;             // else it is none that can be streamed
};

// A create as the body of a POST, and the headers that WebSocket has in client_metadata.
struct HttpBody
{
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

// create: a whole response.create as it would go up a WebSocket. One pass.
HttpBody http_body(std::string_view create, const HttpWants& wants);

// The two events that answer a warm-up where nothing can be warmed (http.md section 6.2).
std::vector<std::string> warm_up_events(std::string_view response_id, std::string_view model);

} // namespace turngate::protocol
