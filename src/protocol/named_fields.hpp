#pragma once

#include "cursor.hpp"
#include "json_text.hpp"

#include "turngate/protocol/client_event.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// The fields of an object that the gateway reads. What it reads it must read as every parser would:
// which of two an upstream believes cannot be known, and some take `Model` for `model`.
namespace turngate::protocol {

struct NamedField
{
    FieldSpan at;
    std::string_view value; // as sent; empty: the object has no such field
    bool is_ambiguous = false;

    bool is_null() const noexcept { return value == "null"; }
    bool is_given() const noexcept { return !value.empty() && !is_null(); }
    bool is_string() const noexcept { return value.starts_with('"'); }

    // The string's body, or its text; empty for any other value.
    std::string_view body() const noexcept
    {
        return is_string() ? value.substr(1, value.size() - 2) : std::string_view();
    }
    std::string text() const { return unescape(body()); }
};

struct KeyMatch
{
    std::size_t index; // in names
    bool is_exact;     // escapes aside; else it is the same to a parser that knows no case
};

// Which of the names, all lower case, a key's body stands for.
std::optional<KeyMatch> match_key(std::string_view body,
                                  std::span<const std::string_view> names) noexcept;

// Takes the object that must stand at the cursor, with its fields of these names: fields[i] is
// names[i]. take(i, fields[i]) takes the value of one, and says whether it was sound.
template <class Take>
bool take_fields(Cursor& cursor,
                 std::span<const std::string_view> names,
                 std::span<NamedField> fields,
                 Take&& take)
{
    return cursor.each_field([&](std::string_view key) {
        const auto match = match_key(key, names);
        if (!match)
            return cursor.take_value().has_value();
        NamedField& field = fields[match->index];
        field.is_ambiguous |= field.at || !match->is_exact;
        const auto value = cursor.taken_by([&] { return take(match->index, field); });
        if (!value)
            return false;
        const char* const begin = value->data();
        field.at = {cursor.offset_of(key.data() - 1),
                    cursor.offset_of(begin),
                    cursor.offset_of(begin + value->size())};
        field.value = *value;
        return true;
    });
}

} // namespace turngate::protocol
