#pragma once

#include "turngate/protocol/client_event.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

// One replacement of bytes [begin, end) of a frame.
struct Edit
{
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string text;
};

// Edits are kept in the order of `begin` and do not overlap; an empty list means "the client's own bytes".
using Edits = std::vector<Edit>;

// The frame with the edits spliced in; all other bytes are the client's own.
std::string apply(std::string_view frame, const Edits& edits);

// Replaces a field's value by a JSON string.
Edit replace_with_string(const FieldSpan& field, std::string_view value);

// Adds `"key":"value"` as the first field; the frame must be a JSON object (white space may stand before it).
Edit insert_string(std::string_view frame, std::string_view key, std::string_view value);

// Takes a field out, with the comma that belongs to it. Two removals of neighbours must be merged by the caller
// through `remove_all`.
Edits remove_all(std::string_view frame, std::vector<FieldSpan> fields);

// text as a JSON string literal, quotes included.
std::string quote(std::string_view text);

} // namespace turngate::protocol
