#include "turngate/protocol/control_answer.hpp"

#include "field_search.hpp"
#include "json_text.hpp"

#include "turngate/protocol/edit.hpp"

#include <array>

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

// With an id the steer was accepted before, and its answer has come.
bool has_steer_id(std::string_view frame) noexcept
{
    const std::string_view steer = find_top_level(frame, "steer");
    return !string_body(find_top_level(steer, "id")).empty();
}

} // namespace

std::optional<ControlKind> control_answer(std::string_view frame) noexcept
{
    std::array<char, 32> buffer;
    const std::string_view type = decode(type_body(frame), buffer);
    if (type == "response.interrupt.accepted")
        return ControlKind::interrupt;
    if (type == "response.inject.created" || type == "response.inject.failed")
        return ControlKind::inject;
    if (type == "response.steer.accepted" ||
        (type == "response.steer.failed" && !has_steer_id(frame)))
        return ControlKind::steer;
    return std::nullopt;
}

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
