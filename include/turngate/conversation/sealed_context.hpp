#pragma once

#include "turngate/protocol/item.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace turngate::conversation {

// Compacted context that only the account which made it can read.
struct SealedContext
{
    std::string name; // the same for the same one, whoever sends it
    std::string item; // as sent
};

// The last one of a raw list of items; nothing: there is none.
std::optional<SealedContext> sealed_context(protocol::ItemReader& reader,
                                            std::string_view raw_items);

} // namespace turngate::conversation
