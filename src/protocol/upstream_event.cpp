#include "turngate/protocol/upstream_event.hpp"

#include "cursor.hpp"
#include "field_search.hpp"
#include "json_text.hpp"
#include "token_usage.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace turngate::protocol {
namespace {

// Each read_… takes the value that stands at the cursor and says whether it was sound JSON. A value
// of another type leaves its target as it was.

bool read_text(Cursor& cursor, std::string& out)
{
    const auto value = cursor.take_value();
    if (!value || value->front() != '"')
        return value.has_value();
    out = unescape(value->substr(1, value->size() - 2));
    return true;
}

// A name that some write as a number (vLLM's codes).
bool read_name(Cursor& cursor, std::string& out)
{
    const auto value = cursor.take_value();
    if (value && value->front() == '"')
        out = unescape(value->substr(1, value->size() - 2));
    else if (value && whole_number<std::int64_t>(*value))
        out = *value;
    return value.has_value();
}

// An HTTP status, as a number or as its digits. Anything else is none.
bool read_status(Cursor& cursor, int& out)
{
    auto value = cursor.take_value();
    if (!value)
        return false;
    if (value->front() == '"')
        value = value->substr(1, value->size() - 2);
    const auto status = whole_number<int>(*value);
    if (status && *status >= 100 && *status < 1000)
        out = *status;
    return true;
}

// What an event says from its top down. The two shapes of an error are kept apart until its end.
struct Terminal
{
    TerminalEvent event;
    std::string flat_code;
    std::string flat_message;
    int status = 0;
    int status_code = 0;  // what some call it
    int inner_status = 0; // within `error`
};

bool read_error(Cursor& cursor, Terminal& terminal)
{
    if (cursor.peek() == '"')
        return read_text(cursor, terminal.event.error_message);
    return read_object(cursor, [&](std::string_view key) {
        if (key == "code")
            return read_name(cursor, terminal.event.error_code);
        if (key == "message")
            return read_text(cursor, terminal.event.error_message);
        if (key == "type")
            return read_text(cursor, terminal.event.error_type);
        if (key == "status" || key == "status_code")
            return read_status(cursor, terminal.inner_status);
        return skip(cursor);
    });
}

bool read_output(Cursor& cursor, std::string_view& output)
{
    const auto value = cursor.take_value();
    if (value && value->front() == '[')
        output = *value;
    return value.has_value();
}

bool read_response(Cursor& cursor, Terminal& terminal)
{
    TerminalEvent& event = terminal.event;
    return read_object(cursor, [&](std::string_view key) {
        if (key == "id")
            return read_text(cursor, event.response_id);
        if (key == "model")
            return read_text(cursor, event.model);
        if (key == "service_tier")
            return read_text(cursor, event.service_tier);
        if (key == "error")
            return read_error(cursor, terminal);
        if (key == "output")
            return read_output(cursor, event.output);
        if (key == "usage")
            return read_usage(cursor, event);
        if (key == "tool_usage")
            return read_web_searches(cursor, event);
        if (key == "incomplete_details")
            return read_object(cursor, [&](std::string_view detail) {
                return detail == "reason" ? read_text(cursor, event.reason) : skip(cursor);
            });
        return skip(cursor);
    });
}

bool read_event(Cursor& cursor, Terminal& terminal)
{
    return read_object(cursor, [&](std::string_view key) {
        if (key == "response")
            return read_response(cursor, terminal);
        if (key == "error")
            return read_error(cursor, terminal);
        if (key == "code")
            return read_name(cursor, terminal.flat_code);
        if (key == "message")
            return read_text(cursor, terminal.flat_message);
        if (key == "status")
            return read_status(cursor, terminal.status);
        if (key == "status_code")
            return read_status(cursor, terminal.status_code);
        return skip(cursor);
    });
}

// vLLM's codes are statuses.
int http_status(std::string_view code) noexcept
{
    const auto status = whole_number<int>(code);
    return status && *status >= 400 && *status < 600 ? *status : 0;
}

TerminalEvent conclude(Terminal terminal, EventKind kind)
{
    TerminalEvent event = std::move(terminal.event);
    event.kind = kind;
    if (event.usage)
        event.usage->web_searches = event.web_searches;
    if (kind != EventKind::error)
        return event;
    if (event.error_code.empty())
        event.error_code = std::move(terminal.flat_code);
    if (event.error_message.empty())
        event.error_message = std::move(terminal.flat_message);
    const int given[] = {terminal.status,
                         terminal.status_code,
                         terminal.inner_status,
                         http_status(event.error_code)};
    const int* const first = std::ranges::find_if(given, [](int status) { return status != 0; });
    event.status = first == std::end(given) ? 0 : *first;
    return event;
}

SteerStep step_of(std::string_view type) noexcept
{
    if (type.ends_with("accepted"))
        return SteerStep::accepted;
    return type.ends_with("pending") ? SteerStep::pending : SteerStep::failed;
}

bool read_submission(Cursor& cursor, SteerEvent& event)
{
    return read_object(cursor, [&](std::string_view key) {
        if (key == "id")
            return read_text(cursor, event.id);
        if (key == "previous_response_id")
            return read_text(cursor, event.previous_response_id);
        return skip(cursor);
    });
}

} // namespace

TerminalEvent UpstreamEventReader::read_terminal(std::string_view frame, EventKind kind)
{
    Terminal terminal;
    Cursor cursor(frame);
    read_event(cursor, terminal); // where the JSON breaks off, so does what we know
    return conclude(std::move(terminal), kind);
}

SteerEvent UpstreamEventReader::read_steer(std::string_view frame)
{
    SteerEvent event;
    event.which = step_of(unescape(type_body(frame)));
    Cursor cursor(frame);
    read_object(cursor, [&](std::string_view key) {
        return key == "steer" ? read_submission(cursor, event) : skip(cursor);
    });
    return event;
}

} // namespace turngate::protocol
