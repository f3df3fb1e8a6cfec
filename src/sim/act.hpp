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
    std::string text; // "$response" in it stands for the response's id
    Point when;
    std::chrono::microseconds delay{0};
};

struct ScriptedFailure
{
    std::string code;
    std::string message;
    std::string usage; // JSON; empty: null
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

using ActPtr = std::shared_ptr<const Act>;
using UpgradeActPtr = std::shared_ptr<const UpgradeAct>;

} // namespace turngate::sim
