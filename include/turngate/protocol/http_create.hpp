#pragma once

#include "turngate/protocol/client_event.hpp"

namespace turngate::protocol {

// A create as it comes over HTTP (http.md sections 2 and 5): the same fields, but those that belong
// to a socket, and two more.
struct HttpCreate
{
    ClientEvent event;
    bool streams = false;
    bool is_background = false;
};

// Behind the path of /responses.
std::string_view path_of(Endpoint endpoint) noexcept;

// The body is not kept. What ClientEventReader refuses is refused; so are `stream_id`, `generate`,
// a `type` of another event, and a `stream` or `background` that is neither a boolean nor null.
// What is no response is neither streamed nor in the background, whatever the body says.
boost::system::result<HttpCreate, Rejection> read_http_create(
    ClientEventReader& reader, std::string_view body, Endpoint endpoint = Endpoint::responses);

} // namespace turngate::protocol
