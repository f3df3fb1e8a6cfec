#include "client_values.hpp"

#include "json_text.hpp"

#include <algorithm>

namespace turngate::protocol {
namespace {

Rejection complain_of_kind(Field field, std::string_view what)
{
    return complain(field, quoted(field) + " must be " + std::string(what) + ".");
}

} // namespace

Rejection complain(Field field, std::string message)
{
    return {core::FaultCode::invalid_request, std::move(message), std::string(name_of(field)), {}};
}

std::string quoted(Field field)
{
    return "'" + std::string(name_of(field)) + "'";
}

bool is_empty_array(const NamedField& field)
{
    return field.value.starts_with('[') &&
           std::ranges::all_of(field.value.substr(1, field.value.size() - 2), is_json_space);
}

Complaint read_string(const ClientFields& fields, Field field, std::string& out)
{
    if (!fields[field].is_given())
        return {};
    if (!fields[field].is_string())
        return complain_of_kind(field, "a string");
    out = fields[field].text();
    return {};
}

Complaint read_switch(const ClientFields& fields, Field field, bool& out)
{
    const NamedField& text = fields[field];
    if (!text.is_given())
        return {};
    if (text.value != "true" && text.value != "false")
        return complain_of_kind(field, "true or false");
    out = text.value == "true";
    return {};
}

Complaint read_count(const ClientFields& fields, Field field, std::optional<std::int64_t>& out)
{
    const NamedField& text = fields[field];
    if (!text.is_given())
        return {};
    const auto count = whole_number<std::int64_t>(text.value);
    if (!count || *count < 0)
        return complain_of_kind(field, "a whole number, not negative");
    out = count;
    return {};
}

Complaint check_opening(const ClientFields& fields,
                        Field field,
                        std::string_view openings,
                        std::string_view what)
{
    const NamedField& text = fields[field];
    if (!text.is_given() || openings.find(text.value.front()) != std::string_view::npos)
        return {};
    return complain_of_kind(field, what);
}

} // namespace turngate::protocol
