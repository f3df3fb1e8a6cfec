#include "response_answer.hpp"

#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/protocol/upstream_answer.hpp"

#include <charconv>
#include <chrono>
#include <string>

namespace turngate::gateway {
namespace {

constexpr std::chrono::seconds kRetryAfter(1); // when nobody knows better

protocol::HttpAnswer refuse(std::string_view message, std::string_view param = {})
{
    protocol::ErrorDetail detail;
    detail.message = message;
    detail.param = param;
    return protocol::answer_to_error(
        protocol::error_event(core::FaultCode::invalid_request, detail));
}

// One JSON object, as far as its ends tell: it came whole.
bool is_object(std::string_view body)
{
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = body.find_first_not_of(kSpace);
    return first != body.npos && body[first] == '{' && body[body.find_last_not_of(kSpace)] == '}';
}

protocol::HttpAnswer busy(const net::HttpHeaders& headers)
{
    protocol::ErrorDetail detail;
    const std::string_view after = headers.get("retry-after");
    int seconds = 0;
    const auto read = std::from_chars(after.data(), after.data() + after.size(), seconds);
    const bool is_said = read.ec == std::errc() && seconds > 0 && seconds <= 86'400;
    detail.retry_after = is_said ? std::chrono::seconds(seconds) : kRetryAfter;
    return protocol::answer_to_error(protocol::error_event(core::FaultCode::rate_limited, detail));
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

protocol::HttpAnswer model_not_found(std::string_view model)
{
    protocol::ErrorDetail detail;
    const std::string message = "The model '" + std::string(model) + "' does not exist.";
    detail.message = message;
    detail.param = "model";
    auto answer =
        protocol::answer_to_error(protocol::error_event(core::FaultCode::model_not_found, detail));
    answer.status = 404;
    return answer;
}

protocol::HttpAnswer cannot_ask(const core::Fault& fault)
{
    protocol::ErrorDetail detail;
    if (fault.code == core::FaultCode::rate_limited)
        detail.retry_after = kRetryAfter;
    return protocol::answer_to_error(protocol::error_event(fault.code, detail));
}

protocol::HttpAnswer answer_of_account(const ResponseQuestion& asks, net::HttpResponse told)
{
    using core::FaultCode;
    const int status = told.status;
    const bool is_removed =
        asks.what == ResponseQuestion::What::remove && status < 300 && !is_object(told.body);
    if (is_removed) // some say it by the status alone
        return response_removed(asks.id);
    if (status == 200 && is_object(told.body))
        return {.status = 200, .body = std::move(told.body)};
    switch (status) {
    case 404:
        return response_not_found(asks.id);
    case 401:
    case 402:
    case 403:
    case 405:
    case 407:
        return cannot_ask({FaultCode::no_account, {}, "asked by id", status});
    case 429:
        return busy(told.headers);
    default:
        break;
    }
    if (status < 400 || status >= 500)
        return cannot_ask({FaultCode::upstream_error, {}, "asked by id", status});
    return protocol::answer_to_error(protocol::refusal_event(status, {}, told.body));
}

protocol::HttpAnswer response_removed(std::string_view id)
{
    return {.status = 200,
            .body = R"({"id":)" + protocol::quote(id) +
                    R"(,"object":"response.deleted","deleted":true})"};
}

} // namespace turngate::gateway
