#pragma once

#include "turngate/core/fault.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

enum class ClientEventType : std::uint8_t { create, steer, interrupt, inject, processed, cancel };

// What over HTTP is posted a create, or what reads like one (http.md section 1).
enum class Endpoint : std::uint8_t {
    responses,
    compact,      // the context in fewer items; a bill, and no response
    input_tokens, // how many it has; neither
};

// Where a top-level field stands in the frame, as byte offsets: "key": value. For edits.
struct FieldSpan
{
    std::uint32_t key_begin = 0; // the key's opening quote
    std::uint32_t value_begin = 0;
    std::uint32_t value_end = 0; // one past the value; 0: the frame has no such field

    explicit operator bool() const noexcept { return value_end != 0; }
};

// What a create brings beside its text, for who must know how much it may cost.
struct InputSize
{
    bool is_open = false;          // what comes by id or URL, from a template, or from hosted tools
    bool has_hosted_tools = false; // that the upstream runs, or may: a template's, too
    bool has_web_search = false;
    std::uint32_t pictures = 0; // inline, as data: URLs
    std::uint64_t picture_bytes = 0;
};

// What one pass over a client's frame found. Owns its strings: it outlives the read buffer.
struct ClientEvent
{
    ClientEventType type = ClientEventType::create;
    Endpoint endpoint = Endpoint::responses;
    std::optional<std::string> stream_id; // absent: the unnamed default lane
    std::string model;                    // empty: none given
    std::string previous_response_id;     // empty: none, or null
    std::string response_id;              // interrupt, inject
    std::string prompt_cache_key;
    std::string service_tier;
    std::string comparison_response_id;     // of prompt_cache_options
    std::vector<std::string> container_ids; // of containers that tools and items name by their id
    bool store = true;
    bool generate = true;
    bool has_prompt = false;
    bool has_conversation = false;
    bool has_item_reference = false; // an item of `input` that names a stored one by its id
    bool has_compaction = false;     // an item that stands for what came before it
    bool has_compaction_trigger = false;
    bool has_turn_state = false; // in client_metadata, whatever its value
    std::optional<std::int64_t> max_output_tokens;
    std::optional<std::int64_t> max_tool_calls; // of hosted tools
    InputSize size;
    std::vector<std::string> tool_output_call_ids; // of what answers a call in `input`
    std::vector<std::string> tool_call_ids;        // of calls in `input`; call_role in item.hpp

    struct
    {
        FieldSpan type, stream_id, model, previous_response_id, input, service_tier, store,
            safety_identifier, generate;
        FieldSpan stream, stream_options, background; // of HTTP; http_create.hpp
        FieldSpan client_metadata; // only if it is an object: anything else is none of ours
    } at;
};

// Why a frame was refused; becomes one error event (behaviour.md section 8).
struct Rejection
{
    core::FaultCode code = core::FaultCode::invalid_request;
    std::string message;                  // for people without internals
    std::string param;                    // empty: null
    std::optional<std::string> stream_id; // the frame's lane, when it was readable and valid
};

// Reads client frames.
class ClientEventReader
{
public:
    // One pass: valid JSON all through (RFC 8259, UTF-8 included), an object, and each field that
    // the gateway reads, at the top and in items and tools, once and in its own spelling. A missing
    // `type` with `model` or `input` is a create (behaviour.md section 2). Also checks what a
    // single frame can tell: field types, lane name, parent not a message id, `conversation` and
    // parent not both, model or prompt present; of the other events, that they name their target
    // and bring what they are for. `null` is a field left out. Half a surrogate pair in a string is
    // U+FFFD here. `frame` is not kept.
    boost::system::result<ClientEvent, Rejection> read(std::string_view frame);
};

// The key in client_metadata, and in the headers of a response.metadata, that binds the requests of
// one user turn together (protocol.md section 10.2).
inline constexpr std::string_view kTurnState = "x-codex-turn-state";

// 1-256 characters of [A-Za-z0-9_.-] (protocol.md section 4).
bool is_lane_name(std::string_view name) noexcept;

// boost::system::result<ClientEvent, Rejection>::value() on a rejection is a bug of the caller.
[[noreturn]] void throw_exception_from_error(const Rejection& rejection,
                                             const boost::source_location& at);

} // namespace turngate::protocol
