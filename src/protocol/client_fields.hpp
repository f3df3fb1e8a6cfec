#pragma once

#include "turngate/protocol/client_event.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

// The top-level fields that the gateway reads. A second one of them is refused: which of the two
// the upstream would believe cannot be known.
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
};
constexpr std::size_t kFieldCount = 15;

std::string_view name_of(Field field) noexcept;

struct FieldText
{
    FieldSpan at;
    std::string_view value; // as sent; empty: the frame has no such field

    bool is_null() const noexcept { return value == "null"; }
    bool is_given() const noexcept { return !value.empty() && !is_null(); }
};

// What stands in a client's frame, before anyone asks what it means.
struct ClientFields
{
    std::array<FieldText, kFieldCount> texts;
    std::optional<Field> duplicate; // the first one seen
    std::vector<std::string> tool_output_call_ids;
    std::vector<std::string> tool_call_ids;
    bool has_item_reference = false;
    bool has_turn_state = false;

    const FieldText& operator[](Field field) const
    {
        return texts[static_cast<std::size_t>(field)];
    }
};

enum class Shape : std::uint8_t { no_json, no_object, object };

// Checks the whole frame, which Tokenizer::cut gave starts for. fields is of use for an object
// only, and while the frame lives.
Shape scan(std::string_view frame, std::span<const std::uint32_t> starts, ClientFields& fields);

} // namespace turngate::protocol
