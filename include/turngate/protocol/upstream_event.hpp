#pragma once

#include "turngate/core/fault.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace turngate::protocol {

// What an upstream event means to the relay (protocol.md section 3).
enum class EventKind : std::uint8_t {
    created,    // response.created: a response begins, the unit of accounting
    lifecycle,  // carries no output: progress, rate limits, keepalive, every type nobody knows yet
    content,    // carries output and is neither of the next two: items, parts, tools' progress, …
    delta,      // *.delta: content, counted for estimates
    item_done,  // response.output_item.done: content, and pending tool calls
    steer,      // response.steer.accepted, .pending, .failed: of a successor, not of the response
    control,    // what a response.interrupt or .inject brings; control_answer.hpp
    completed,  // terminal
    failed,     // terminal
    incomplete, // terminal
    error,      // terminal for the request it answers
};

constexpr bool is_content(EventKind kind) noexcept
{
    return kind == EventKind::content || kind == EventKind::delta || kind == EventKind::item_done;
}

constexpr bool is_terminal(EventKind kind) noexcept
{
    return kind >= EventKind::completed;
}

// The kind, from the top-level `type`. No allocation and no document when `type` is the first
// field, as every vendor sends it; a slower look otherwise. `response.done` is what its response's
// `status` says, and an object without a string as its type that has an `error` is one (xAI).
// Anything else that is no JSON object with a type is `lifecycle`.
EventKind peek_kind(std::string_view frame) noexcept;

// An event of Codex's own, without a meaning for other clients: codex.*, responsesapi.*,
// response.metadata.
bool is_for_codex(std::string_view frame) noexcept;

// The top-level `type` as it stands there, escapes too; empty if there is none. A view into the
// frame.
std::string_view peek_type(std::string_view frame) noexcept;

// The frame's top-level `stream_id`, empty on the default lane. A view into the frame, valid lane
// names only.
std::string_view peek_stream_id(std::string_view frame) noexcept;

// The raw `item` of a response.output_item.done; empty if it has none. A view into the frame.
std::string_view peek_item(std::string_view frame) noexcept;

// Which place in the answer the event speaks of; nothing if it says none.
std::optional<std::uint32_t> peek_output_index(std::string_view frame) noexcept;

// The response that an event of any kind names, as `response.id` or `response_id`: the string's
// body, escapes as they are. Empty if it names none. A view into the frame.
std::string_view peek_response_id(std::string_view frame) noexcept;

// The sticky token of a response.metadata: the body of headers["x-codex-turn-state"], escapes as
// they are, so that it goes back between quotes verbatim. Empty: none, or another event. A view
// into the frame.
std::string_view peek_turn_state(std::string_view frame) noexcept;

// The event as a client on that lane must see it: the upstream knows no lanes and sent no
// `stream_id` (one that is there all the same is replaced). `type` stays the first field if it was;
// all other bytes are the upstream's own. On the default lane (an empty one) and for what is no
// JSON object the frame goes as it is. lane is a valid name.
void append_with_stream_id(std::string& to, std::string_view frame, std::string_view lane);

// A terminal event whose response has these items as its `output`: some servers leave it empty, and
// agents run in circles then (http.md section 3.1). All else is the upstream's own. event has a
// response.
std::string with_output(std::string_view event, std::span<const std::string> items);

// An event as it would be if its create had named no parent. What has no response goes as it is.
std::string without_parent(std::string_view event);

struct TokenUsage
{
    std::int64_t input = 0; // the whole context, cached and cache-written tokens included
    std::int64_t cached = 0;
    std::int64_t cache_write = 0;
    std::int64_t output = 0;
    std::int64_t reasoning = 0;
    std::int64_t total = 0;
    std::int64_t web_searches = 0; // response.tool_usage.web_search.num_requests

    bool operator==(const TokenUsage&) const = default;
};

// What the gateway wants to know of a response's end. Usage is read on every terminal event that
// has it.
struct TerminalEvent
{
    EventKind kind = EventKind::completed;
    std::string response_id; // empty on `error`
    std::string model;
    std::string service_tier;
    std::string reason;     // incomplete_details.reason
    std::string error_code; // nested, flat, or response.error; a number as its digits
    std::string error_message;
    std::string error_type;
    int status = 0;                  // of an error event, from wherever it stands; 0: none given
    std::string_view output;         // the raw response.output, an array; a view into the frame
    std::optional<TokenUsage> usage; // a missing total, or one that is too low, is input + output
    bool has_odd_usage = false;      // what stands there is none: without counts of both
    std::int64_t web_searches = 0;   // also where there is no usage
};

enum class SteerStep : std::uint8_t { accepted, pending, failed };

struct SteerEvent
{
    SteerStep which = SteerStep::failed;
    std::string id; // empty: it failed before it was accepted
    std::string previous_response_id;
};

// Reads the few upstream events that are read whole.
class UpstreamEventReader
{
public:
    // frame is one whose kind is_terminal. Missing or odd fields are left at their defaults: the
    // client's bytes are relayed whatever we could read. A count is a whole number from 0 to 2^53;
    // those of input and output may have the names of the chat API.
    TerminalEvent read_terminal(std::string_view frame, EventKind kind);

    // frame is one whose kind is steer.
    SteerEvent read_steer(std::string_view frame);
};

} // namespace turngate::protocol
