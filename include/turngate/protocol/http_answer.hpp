#pragma once

#include "turngate/core/fault.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::protocol {

// An answer over HTTP with a JSON body.
struct HttpAnswer
{
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
};

// What an error event, the gateway's or an upstream's, is to a client that nothing was sent to yet
// (http.md sections 4 and 7): its status, {"error":…}, and those of its headers that are for
// clients. 429 and 503 always say when to come again, but where coming again is of no use.
HttpAnswer answer_to_error(std::string_view event);

// The same for a response.failed whose client waits for one document and has no output (http.md
// section 5).
HttpAnswer answer_to_failure(std::string_view event);

// A JSON string's body as the value of a header; empty if it cannot be one.
std::string header_value(std::string_view body);

// The response object of a terminal event; empty if it has none. A view into the event.
std::string_view peek_response(std::string_view event) noexcept;

// An error event as the end of a stream whose response has begun: clients know no other (http.md
// section 4).
std::string failed_event(std::string_view response_id,
                         std::string_view error_event,
                         std::int64_t sequence_number);

// And of one without: the flat form.
std::string flat_error_event(std::string_view error_event, std::int64_t sequence_number);

} // namespace turngate::protocol
