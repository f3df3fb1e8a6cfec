#pragma once

#include "client_fields.hpp"

#include <optional>
#include <string>
#include <string_view>

// The values of single fields. A field that is absent or null leaves its target as it was.
namespace turngate::protocol {

using Complaint = std::optional<Rejection>; // nothing: all is well

Rejection complain(Field field, std::string message);
std::string quoted(Field field);

// The string's text; nothing for any other value and for half a surrogate pair, which no UTF-8 can
// say.
std::optional<std::string> string_in(const FieldText& text);

bool is_empty_array(const FieldText& text);

Complaint read_string(const ClientFields& fields, Field field, std::string& out);
Complaint read_switch(const ClientFields& fields, Field field, bool& out);
Complaint read_count(const ClientFields& fields, Field field, std::optional<std::int64_t>& out);

// openings: the first characters of the kinds of value that are allowed; what names them to people.
Complaint check_opening(const ClientFields& fields,
                        Field field,
                        std::string_view openings,
                        std::string_view what);

} // namespace turngate::protocol
