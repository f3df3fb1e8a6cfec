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

bool is_empty_array(const NamedField& field);

Complaint read_string(const ClientFields& fields, Field field, std::string& out);
Complaint read_switch(const ClientFields& fields, Field field, bool& out);
Complaint read_count(const ClientFields& fields, Field field, std::optional<std::int64_t>& out);

// openings: the first characters of the kinds of value that are allowed; what names them to people.
Complaint check_opening(const ClientFields& fields,
                        Field field,
                        std::string_view openings,
                        std::string_view what);

} // namespace turngate::protocol
