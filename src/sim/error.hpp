#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::sim {

// An error event (protocol.md section 3.2), nested unless flat.
struct Error
{
    std::optional<int> status = 400;
    std::string type = "invalid_request_error";
    std::string code; // empty: null
    std::string message;
    std::string param;   // empty: null
    std::string headers; // a JSON object, top level; empty: none
    bool flat = false;
    bool typeless = false; // as xAI: no type, no status, no lane
    std::string verbatim;  // JSON that is sent instead; "$response" stands for the response's id
};

std::string error_event(const Error& error, std::string_view lane);
// The flat form as it stands in a stream over HTTP.
std::string error_event_in_stream(const Error& error, std::int64_t sequence_number);
// {"error":{…}}: the body of an HTTP answer.
std::string error_body(const Error& error);

Error invalid_json();
Error unknown_event(std::string_view type);
Error missing_parameter(std::string_view param);
Error unknown_parameter(std::string_view param);
Error unsupported_parameter(std::string_view param);
Error invalid_type(std::string_view param, std::string_view expected);
Error exclusive_parent();
Error invalid_stream_id();
Error stream_limit_reached();
Error connection_limit_reached();
Error parent_not_found(std::string_view id);
// `kind`: "function_call_output", "function_call": as in the item's type.
Error no_call_found(std::string_view kind, std::string_view call_id);
Error invalid_encrypted_content();
Error no_output_found(std::string_view kind, std::string_view call_id);
Error response_not_found(std::string_view id);
Error stream_options_without_stream();
Error model_not_found(std::string_view model);
Error no_such_response(std::string_view id); // 404, of the endpoints that take an id
Error invalid_key();

} // namespace turngate::sim
