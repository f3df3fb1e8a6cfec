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
    content, // these two for what they bring: they may stand twice, both count
    output,
};

// What the gateway reads of an item of `input` or of an answer, and of a tool: the same names mean
// the same in both, and some items hold tools.
struct ItemFields
{
    std::array<NamedField, 13> all;

    const NamedField& operator[](ItemKey key) const { return all[static_cast<std::size_t>(key)]; }

    // The key that parsers may not agree about, in it or in what it holds; empty: none.
    std::string_view ambiguous() const noexcept;
};

// What items and tools bring, with all that they hold.
struct ItemFinds
{
    std::vector<std::string> container_ids; // that they name
    InputSize size;
};

// Takes the item or the tool that must stand at the cursor.
bool take_item(Cursor& cursor, ItemFields& item, ItemFinds& finds);

// The upstream runs the tool, or may: what it brings into the context nobody can know before.
void note_tool(const ItemFields& tool, InputSize& size);

} // namespace turngate::protocol
