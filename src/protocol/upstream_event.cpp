#include "turngate/protocol/upstream_event.hpp"

#include "cursor.hpp"
#include "field_search.hpp"
#include "json_text.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace turngate::protocol {
namespace {

constexpr double kMostTokens = 9007199254740992.0; // 2^53

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

bool read_count(Cursor& cursor, std::int64_t& out)
{
    const auto value = cursor.take_value();
    if (!value)
        return false;
    double number = 0;
    if (std::from_chars(value->data(), value->data() + value->size(), number).ec == std::errc{})
        out = static_cast<std::int64_t>(std::clamp(number, 0.0, kMostTokens));
    return true;
}

bool skip(Cursor& cursor)
{
    return cursor.take_value().has_value();
}

template <class OnField>
bool read_object(Cursor& cursor, OnField&& on_field)
{
    return cursor.peek() == '{' ? cursor.each_field(on_field) : skip(cursor);
}

bool read_input_details(Cursor& cursor, TokenUsage& usage)
{
    return read_object(cursor, [&](std::string_view key) {
        if (key == "cached_tokens")
            return read_count(cursor, usage.cached);
        if (key == "cache_write_tokens")
            return read_count(cursor, usage.cache_write);
        return skip(cursor);
    });
}

bool read_output_details(Cursor& cursor, TokenUsage& usage)
{
    return read_object(cursor, [&](std::string_view key) {
        return key == "reasoning_tokens" ? read_count(cursor, usage.reasoning) : skip(cursor);
    });
}

bool read_usage(Cursor& cursor, std::optional<TokenUsage>& out)
{
    if (cursor.peek() != '{')
        return skip(cursor);
    TokenUsage& usage = out.emplace();
    return cursor.each_field([&](std::string_view key) {
        if (key == "input_tokens")
            return read_count(cursor, usage.input);
        if (key == "input_tokens_details")
            return read_input_details(cursor, usage);
        if (key == "output_tokens")
            return read_count(cursor, usage.output);
        if (key == "output_tokens_details")
            return read_output_details(cursor, usage);
        if (key == "total_tokens")
            return read_count(cursor, usage.total);
        return skip(cursor);
    });
}

bool read_web_searches(Cursor& cursor, std::int64_t& count)
{
    const auto read_web_search = [&](std::string_view key) {
        return key == "num_requests" ? read_count(cursor, count) : skip(cursor);
    };
    return read_object(cursor, [&](std::string_view key) {
        return key == "web_search" ? read_object(cursor, read_web_search) : skip(cursor);
    });
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
    std::int64_t web_searches = 0;
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
            return read_usage(cursor, event.usage);
        if (key == "tool_usage")
            return read_web_searches(cursor, terminal.web_searches);
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
        event.usage->web_searches = terminal.web_searches;
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
