#pragma once

#include "named_fields.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

enum class ItemKey : std::uint8_t {
    type,
    id,
    call_id,
    approval_request_id,
    role,
    encrypted_content,
    status,
    container,
    container_id,
    environment,
    tools,
};

// What the gateway reads of an item of `input` or of an answer, and of a tool: the same names mean
// the same in both, and some items hold tools.
struct ItemFields
{
    std::array<NamedField, 11> all;

    const NamedField& operator[](ItemKey key) const { return all[static_cast<std::size_t>(key)]; }

    // The key that parsers may not agree about, in it or in what it holds; empty: none.
    std::string_view ambiguous() const noexcept;
};

// Takes the item that must stand at the cursor. container_ids: gets those that it, or a tool it
// holds, names.
bool take_item(Cursor& cursor, ItemFields& item, std::vector<std::string>& container_ids);

} // namespace turngate::protocol
