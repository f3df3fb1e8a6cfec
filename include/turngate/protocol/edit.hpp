#pragma once

#include "turngate/protocol/client_event.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

// One replacement of bytes [begin, end) of a frame; where they are none, a field that comes in,
// without the comma that may belong behind it.
struct Edit
{
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string text;
};

// Edits are kept in the order of `begin` and do not overlap; an empty list means "the client's own
// bytes".
using Edits = std::vector<Edit>;

// The frame with the edits spliced in; all other bytes are the client's own.
std::string apply(std::string_view frame, const Edits& edits);

// Puts an edit in its place; at the same place insertions come before removals.
void add(Edits& edits, Edit edit);

// Replaces a field's value by a JSON string.
Edit replace_with_string(const FieldSpan& field, std::string_view value);

// Adds `"key":"value"` as the first field; the frame must be a JSON object (white space may stand
// before it).
Edit insert_string(std::string_view frame, std::string_view key, std::string_view value);

// The same with a raw JSON value.
Edit insert_raw(std::string_view frame, std::string_view key, std::string_view value);

// The same as the first field of an object within the frame. It must not go together with an edit
// of that object as a whole.
Edit insert_raw_into(const FieldSpan& object, std::string_view key, std::string_view value);

// Takes fields out, each with the comma that belongs to it; spans of fields that the frame does not
// have are skipped. All that go must be named in one call, since neighbours share commas.
Edits remove_all(std::string_view frame, std::vector<FieldSpan> fields);

// text as a JSON string literal, quotes included. What is not UTF-8 in it becomes U+FFFD.
std::string quote(std::string_view text);

} // namespace turngate::protocol
