#pragma once

#include "turngate/protocol/client_event.hpp"

#include <memory>
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

// Reads items, each checked whole (RFC 8259, UTF-8 included). Keeps its parser's memory, so one for
// each loop. Nothing: no JSON, not of that shape, or an item has one of the fields above twice,
// since which of the two an upstream believes cannot be known. The value needs no padding.
class ItemReader
{
public:
    ItemReader();
    ~ItemReader();

    std::optional<std::vector<Item>> read_items(std::string_view array);
    std::optional<Item> read_item(std::string_view object);

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

} // namespace turngate::protocol
