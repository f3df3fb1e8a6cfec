#pragma once

#include "error.hpp"
#include "item.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace turngate::sim {

// What a script makes the sim do instead of, or besides, its usual answer.

enum class Transport : std::uint8_t { ws, http };

// A place in the run of a response.
struct Point
{
    enum class At : std::uint8_t {
        before,   // nothing was sent
        created,  // the lifecycle events were
        content,  // and so many deltas
        terminal, // all but the terminal event
        after,    // that too
    };
    At at = At::before;
    unsigned deltas = 0;
};

struct Fault
{
    enum class Kind : std::uint8_t {
        reset,
        eof,
        close,
        hang,      // the response says no more; the connection lives
        half_open, // nothing is read or written any more; the socket stays
        no_pong,
        garbage,       // an event that is no JSON
        unknown_event, // a type nobody knows
        binary,
        slow_read,
        duplicate_terminal,
        late_events, // deltas after the terminal event
    };
    Kind kind = Kind::reset;
    std::uint16_t code = 1011; // of close
    std::string reason;
    unsigned bytes_per_second = 0; // of slow_read
    Point when;
    std::chrono::microseconds delay{0};
};

struct ScriptedError
{
    Error error;
    Point after;
};

// An event as the script writes it, between those of the response.
struct ScriptedEvent
{
    std::string text;    // "$response" in it stands for the response's id
    bool is_raw = false; // over HTTP: bytes of the body, no event
    Point when;
    std::chrono::microseconds delay{0};
};

struct ScriptedFailure
{
    std::string code;
    std::string message;
    std::string usage; // JSON; empty: null
};

// How events are written as server-sent events. The vendor's way, unless a script says otherwise.
struct SseForm
{
    std::string newline = "\n";
    bool has_event_lines = true;
    bool has_space = true;    // after "data:"
    bool splits_data = false; // over two lines
    bool has_ids = false;
    bool has_retry = false;
    bool has_comments = false; // before each event
    bool says_done = false;    // [DONE] at the end
    unsigned cut = 0;          // each so many bytes in a chunk and a write of their own; 0: not cut
};

// How a create over HTTP is answered.
struct HttpForm
{
    enum class As : std::uint8_t { asked, stream, document };

    As as = As::asked;
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers; // further ones of the head
    std::string content_type;                                 // empty: the right one
    bool is_chunked = true;  // false: the body lasts until the connection ends
    bool head_first = false; // before the first event
    SseForm sse;
    std::chrono::microseconds keepalive{0}; // after so long without an event; 0: never
    std::string keepalive_text;             // a block of the stream
    std::optional<Fault> then;              // after the answer: reset or eof
};

// At a create.
struct Act
{
    std::optional<std::vector<Item>> answer;
    std::optional<std::string> usage; // JSON instead of the counted; empty: no usage at all
    std::string service_tier;         // empty: as asked
    std::string turn_state;           // a response.metadata event
    std::string rate_limits;          // JSON: a codex.rate_limits event
    std::string incomplete;           // a reason
    std::optional<ScriptedFailure> failed;
    std::optional<ScriptedError> error;
    std::optional<Fault> fault;
    std::vector<ScriptedEvent> events;
    std::string terminal;               // the terminal event's type; "none": there is no such event
    std::vector<unsigned> arrival;      // the order in which items come; empty: that of the answer
    std::chrono::microseconds delay{0}; // before the first event
    std::optional<unsigned> deltas;
    std::optional<unsigned> delta_bytes;
    std::optional<std::chrono::microseconds> interval;
    bool empties_output = false; // of the terminal event's response
    HttpForm http;
};

// At an upgrade.
struct UpgradeAct
{
    enum class Kind : std::uint8_t { accept, answer, hang, reset };

    Kind kind = Kind::accept;
    int status = 101; // of an answer
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool is_endless = false; // the body never ends
    bool wrong_accept = false;
    std::optional<Fault> then; // right after the 101
};

// At an HTTP request that is no upgrade, before it is looked at.
struct RequestAct
{
    enum class Kind : std::uint8_t { accept, answer, hang, reset, eof };

    Kind kind = Kind::accept;
    std::optional<std::size_t> after_body; // so many bytes of it were read; nothing: all
    std::chrono::microseconds delay{0};
    std::optional<unsigned> bytes_per_second; // that the body is read with; 0: nothing
    UpgradeAct answer;                        // of Kind::answer: status, headers, body
};

using ActPtr = std::shared_ptr<const Act>;
using UpgradeActPtr = std::shared_ptr<const UpgradeAct>;
using RequestActPtr = std::shared_ptr<const RequestAct>;

} // namespace turngate::sim
