#pragma once

#include "item_fields.hpp"
#include "named_fields.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

// The top-level fields that the gateway reads.
enum class Field : std::uint8_t {
    type,
    stream_id,
    model,
    previous_response_id,
    response_id,
    prompt_cache_key,
    service_tier,
    store,
    generate,
    prompt,
    conversation,
    max_output_tokens,
    input,
    safety_identifier,
    client_metadata,
    prompt_cache_options,
    tools,
    max_tool_calls,
    stream,
    stream_options,
    background,
};
constexpr std::size_t kFieldCount = 21;

std::string_view name_of(Field field) noexcept;

// What stands in a client's frame, before anyone asks what it means.
struct ClientFields
{
    std::array<NamedField, kFieldCount> all;
    NamedField comparison_response_id; // of prompt_cache_options
    std::string ambiguous;             // the path of a key within a field; empty: none
    std::vector<std::string> tool_output_call_ids;
    std::vector<std::string> tool_call_ids;
    ItemFinds finds; // in items and tools
    bool has_item_reference = false;
    bool has_compaction = false;
    bool has_compaction_trigger = false;
    bool has_turn_state = false;

    const NamedField& operator[](Field field) const { return all[static_cast<std::size_t>(field)]; }
};

enum class Shape : std::uint8_t { no_json, no_object, object };

// Checks the whole frame. fields is of use for an object only, and while the frame lives.
Shape scan(std::string_view frame, ClientFields& fields);

} // namespace turngate::protocol
