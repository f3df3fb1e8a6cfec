#pragma once

#include "turngate/protocol/client_event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

// An item of a conversation, input or output, as far as the gateway reads it. Strings that are
// absent, null or no strings are empty.
struct Item
{
    std::string_view text; // its bytes in the value it was read from
    std::string type;
    std::string id;
    std::string call_id;
    std::string approval_request_id;
    bool has_role = false;
    bool has_encrypted_content = false; // and it is not empty

    struct
    {
        FieldSpan id, status; // offsets in text
    } at;
};

// What an item has to do with tool use: it asks for something, or it answers.
enum class CallPart : std::uint8_t { none, call, output };

// Which of its fields names the call. `call_id` goes before `id` where either may.
enum class CallKey : std::uint8_t { none, call_id, call_id_or_id, id, approval_request_id };

struct CallRole
{
    CallPart part = CallPart::none;
    CallKey key = CallKey::none;
};

// By the item's type: all that end in `_call` and `_output`, kinds nobody knows yet included, and
// MCP approvals. An item of such a type without the name is no one's partner: hosted tools have
// calls like that.
CallRole call_role(std::string_view type) noexcept;

// The field that the key stands for; empty: it has no such field.
std::string_view call_name(CallKey key,
                           std::string_view call_id,
                           std::string_view id,
                           std::string_view approval_request_id) noexcept;

// Reads items, each checked whole (RFC 8259, UTF-8 included). Nothing: no JSON, not of that shape,
// or an item has a field that the gateway reads twice or in another spelling, since which of them
// an upstream believes cannot be known.
class ItemReader
{
public:
    std::optional<std::vector<Item>> read_items(std::string_view array);
    std::optional<Item> read_item(std::string_view object);
};

} // namespace turngate::protocol
