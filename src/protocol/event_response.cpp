#include "field_search.hpp"

#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/upstream_event.hpp"

namespace turngate::protocol {

std::string with_output(std::string_view event, std::span<const std::string> items)
{
    std::string output = "[";
    for (const std::string& item : items)
        output.append(output.size() > 1 ? "," : "").append(item);
    output += "]";
    const std::string_view response = top_level_value(event, "response");
    if (!response.starts_with('{'))
        return std::string(event);
    const auto place = [&](std::string_view part) {
        return static_cast<std::size_t>(part.data() - event.data());
    };
    const std::string_view given = top_level_value(response, "output");
    if (given.data())
        return apply(event, {{place(given), place(given) + given.size(), std::move(output)}});
    Edit edit = insert_raw(response, "output", output);
    edit.begin += place(response);
    edit.end += place(response);
    return apply(event, {std::move(edit)});
}

std::string without_parent(std::string_view event)
{
    const std::string_view response = top_level_value(event, "response");
    const std::string_view given = top_level_value(response, "previous_response_id");
    if (given.empty())
        return std::string(event);
    const auto at = static_cast<std::size_t>(given.data() - event.data());
    return apply(event, {{at, at + given.size(), "null"}});
}

} // namespace turngate::protocol
