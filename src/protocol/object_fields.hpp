#pragma once

#include "cursor.hpp"

#include <string>
#include <string_view>

namespace turngate::protocol {

// Calls f(key, value) for each field of an object, both as sent.
template <class F>
void each_field(std::string_view object, F&& f)
{
    Cursor cursor(object);
    cursor.each_field([&](std::string_view key) {
        const auto value = cursor.take_value();
        if (value)
            f(key, *value);
        return value.has_value();
    });
}

// The same for each item of a list.
template <class F>
void each_item_of(std::string_view list, F&& f)
{
    if (!list.starts_with('['))
        return;
    Cursor cursor(list);
    cursor.each_item([&] {
        const auto value = cursor.take_value();
        if (value)
            f(*value);
        return value.has_value();
    });
}

// The body of a string; empty: it is none.
inline std::string_view body_of(std::string_view value) noexcept
{
    return value.starts_with('"') ? value.substr(1, value.size() - 2) : std::string_view();
}

inline void append_field(std::string& object, std::string_view key, std::string_view value)
{
    object.append(object.size() > 1 ? ",\"" : "\"").append(key).append("\":").append(value);
}

} // namespace turngate::protocol
