#pragma once

#include "cursor.hpp"

#include "turngate/protocol/upstream_event.hpp"

namespace turngate::protocol {

inline bool skip(Cursor& cursor)
{
    return cursor.take_value().has_value();
}

// A value that is no object is skipped.
template <class OnField>
bool read_object(Cursor& cursor, OnField&& on_field)
{
    return cursor.peek() == '{' ? cursor.each_field(on_field) : skip(cursor);
}

// These take the value that stands at the cursor, a response's `usage` or `tool_usage`, and say
// whether it was sound JSON. Where that breaks off, what was read counts.
bool read_usage(Cursor& cursor, TerminalEvent& event);
bool read_web_searches(Cursor& cursor, TerminalEvent& event);

} // namespace turngate::protocol
