#include "response_answer.hpp"

#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/error_event.hpp"

#include <string>

namespace turngate::gateway {
namespace {

protocol::HttpAnswer refuse(std::string_view message, std::string_view param = {})
{
    protocol::ErrorDetail detail;
    detail.message = message;
    detail.param = param;
    return protocol::answer_to_error(
        protocol::error_event(core::FaultCode::invalid_request, detail));
}

} // namespace

protocol::HttpAnswer response_not_found(std::string_view id)
{
    const std::string message = "Response with id '" + std::string(id) + "' not found.";
    return {.status = 404, .body = protocol::error_body(message, "invalid_request_error", {})};
}

protocol::HttpAnswer cannot_cancel()
{
    return refuse("Only a response that was created with 'background' can be cancelled.");
}

protocol::HttpAnswer cannot_stream()
{
    return refuse("The response cannot be streamed from there: it has fewer events, or more than "
                  "are kept. Retrieve it without 'stream'.",
                  "starting_after");
}

protocol::HttpAnswer odd_parameter(std::string_view name)
{
    return refuse("'" + std::string(name) + "' has no value that is understood.", name);
}

protocol::HttpAnswer response_removed(std::string_view id)
{
    return {.status = 200,
            .body = R"({"id":)" + protocol::quote(id) +
                    R"(,"object":"response.deleted","deleted":true})"};
}

} // namespace turngate::gateway
