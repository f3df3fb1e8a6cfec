#include "error.hpp"

#include "json_text.hpp"

#include <algorithm>

namespace turngate::sim {
namespace {

void append_or_null(std::string& out, std::string_view text)
{
    if (text.empty())
        out.append("null");
    else
        append_quoted(out, text);
}

void append_lane(std::string& out, std::string_view lane)
{
    if (lane.empty())
        return;
    out.append(R"(,"stream_id":)");
    append_quoted(out, lane);
}

void append_object(std::string& out, const Error& error)
{
    out.append(R"({"type":)");
    append_quoted(out, error.type);
    out.append(R"(,"code":)");
    append_or_null(out, error.code);
    out.append(R"(,"message":)");
    append_quoted(out, error.message);
    out.append(R"(,"param":)");
    append_or_null(out, error.param);
    out.push_back('}');
}

std::string flat_event(const Error& error, std::string_view lane)
{
    std::string out = R"({"type":"error","code":)";
    append_or_null(out, error.code);
    out.append(R"(,"message":)");
    append_quoted(out, error.message);
    out.append(R"(,"param":)");
    append_or_null(out, error.param);
    append_lane(out, lane);
    out.push_back('}');
    return out;
}

Error bad_request(std::string_view code, std::string message, std::string_view param)
{
    Error error;
    error.code = code;
    error.message = std::move(message);
    error.param = param;
    return error;
}

std::string in_words(std::string_view item_type)
{
    std::string words(item_type);
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

} // namespace

std::string error_event(const Error& error, std::string_view lane)
{
    if (!error.verbatim.empty())
        return error.verbatim;
    if (error.flat)
        return flat_event(error, lane);
    if (error.typeless)
        return error_body(error);
    std::string out = R"({"type":"error")";
    if (error.status) {
        out.append(R"(,"status":)");
        append_number(out, *error.status);
    }
    append_lane(out, lane);
    if (!error.headers.empty())
        out.append(R"(,"headers":)").append(error.headers);
    out.append(R"(,"error":)");
    append_object(out, error);
    out.push_back('}');
    return out;
}

std::string error_event_in_stream(const Error& error, std::int64_t sequence_number)
{
    if (!error.verbatim.empty())
        return error.verbatim;
    if (error.typeless)
        return error_body(error);
    std::string out = flat_event(error, {});
    out.back() = ',';
    out.append(R"("sequence_number":)");
    append_number(out, sequence_number);
    out.push_back('}');
    return out;
}

std::string error_body(const Error& error)
{
    if (!error.verbatim.empty())
        return error.verbatim;
    std::string out = R"({"error":)";
    append_object(out, error);
    out.push_back('}');
    return out;
}

Error invalid_json()
{
    return bad_request("invalid_json", "We could not parse the JSON of your message.", "");
}

Error unknown_event(std::string_view type)
{
    return bad_request("invalid_value",
                       "Invalid value: '" + std::string(type) +
                           "'. Supported values are: 'response.create' and 'response.steer'.",
                       "type");
}

Error missing_parameter(std::string_view param)
{
    return bad_request("missing_required_parameter",
                       "Missing required parameter: '" + std::string(param) + "'.",
                       param);
}

Error unknown_parameter(std::string_view param)
{
    return bad_request(
        "unknown_parameter", "Unknown parameter: '" + std::string(param) + "'.", param);
}

Error unsupported_parameter(std::string_view param)
{
    return bad_request(
        "unsupported_parameter", "Unsupported parameter: '" + std::string(param) + "'.", param);
}

Error invalid_type(std::string_view param, std::string_view expected)
{
    return bad_request("invalid_type",
                       "Invalid type for '" + std::string(param) + "': expected " +
                           std::string(expected) + ".",
                       param);
}

Error exclusive_parent()
{
    return bad_request("mutually_exclusive_parameters",
                       "'previous_response_id' and 'conversation' cannot be used together.",
                       "previous_response_id");
}

Error invalid_stream_id()
{
    return bad_request("invalid_stream_id",
                       "stream_id must be 1 to 256 characters of A-Z, a-z, 0-9, '_', '.', '-'.",
                       "stream_id");
}

Error stream_limit_reached()
{
    return bad_request("websocket_stream_limit_reached",
                       "A connection can have at most 32 named streams.",
                       "stream_id");
}

Error connection_limit_reached()
{
    return bad_request("websocket_connection_limit_reached",
                       "Responses websocket connection limit reached (60 minutes). Create a new "
                       "websocket connection to continue.",
                       "");
}

Error parent_not_found(std::string_view id)
{
    return bad_request("previous_response_not_found",
                       "Previous response with id '" + std::string(id) + "' not found.",
                       "previous_response_id");
}

Error no_call_found(std::string_view kind, std::string_view call_id)
{
    return bad_request("",
                       "No tool call found for " + in_words(kind) + " with call_id " +
                           std::string(call_id) + ".",
                       "input");
}

Error invalid_encrypted_content()
{
    return bad_request("invalid_encrypted_content",
                       "The encrypted content could not be verified. Reason: Encrypted content "
                       "could not be decrypted or parsed.",
                       "input");
}

Error no_output_found(std::string_view kind, std::string_view call_id)
{
    return bad_request("",
                       "No tool output found for " + in_words(kind) + " " + std::string(call_id) +
                           ".",
                       "input");
}

Error response_not_found(std::string_view id)
{
    return bad_request("response_not_found",
                       "Response with id '" + std::string(id) + "' not found.",
                       "response_id");
}

Error stream_options_without_stream()
{
    return bad_request("invalid_value",
                       "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                       "stream_options");
}

Error model_not_found(std::string_view model)
{
    return bad_request("model_not_found",
                       "The requested model '" + std::string(model) + "' does not exist.",
                       "model");
}

Error no_such_response(std::string_view id)
{
    Error error = bad_request("", "Response with id '" + std::string(id) + "' not found.", "");
    error.status = 404;
    return error;
}

Error invalid_key()
{
    Error error = bad_request("invalid_api_key", "Incorrect API key provided.", "");
    error.status = 401;
    return error;
}

} // namespace turngate::sim
