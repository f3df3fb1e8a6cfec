#include "turngate/protocol/control_answer.hpp"

#include "turngate/protocol/edit.hpp"

namespace turngate::protocol {
namespace {

std::string begin_event(std::string_view type, std::string_view stream_id)
{
    std::string event = R"({"type":)" + quote(type);
    if (!stream_id.empty())
        event += R"(,"stream_id":)" + quote(stream_id);
    return event;
}

// The gateway counts no sequence of its own; the types demand a number.
constexpr std::string_view kEnd = R"(,"sequence_number":0})";

} // namespace

std::string steer_failed_event(std::string_view code,
                               std::string_view message,
                               std::string_view input_raw,
                               std::string_view previous_response_id,
                               std::string_view stream_id)
{
    std::string event = begin_event("response.steer.failed", stream_id);
    event += R"(,"error":{"code":)" + quote(code);
    event += R"(,"message":)" + quote(message);
    event += R"(,"type":"invalid_request_error"},"steer":{"input":)";
    event += input_raw;
    event += R"(,"previous_response_id":)" + quote(previous_response_id) + "}";
    return event.append(kEnd);
}

std::string inject_failed_event(std::string_view code,
                                std::string_view message,
                                std::string_view input_raw,
                                std::string_view response_id,
                                std::string_view stream_id)
{
    std::string event = begin_event("response.inject.failed", stream_id);
    event += R"(,"error":{"code":)" + quote(code);
    event += R"(,"message":)" + quote(message) + R"(},"input":)";
    event += input_raw;
    event += R"(,"response_id":)" + quote(response_id);
    return event.append(kEnd);
}

std::string interrupt_accepted_event(std::string_view response_id, std::string_view stream_id)
{
    std::string event = begin_event("response.interrupt.accepted", stream_id);
    event += R"(,"response_id":)" + quote(response_id);
    return event.append(kEnd);
}

} // namespace turngate::protocol
