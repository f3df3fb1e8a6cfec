#include "turngate/protocol/background_event.hpp"

#include "field_search.hpp"
#include "json_text.hpp"

#include "turngate/protocol/edit.hpp"

#include <vector>

namespace turngate::protocol {
namespace {

constexpr std::string_view kNumber = "sequence_number";

Edit replace(std::string_view text, std::string_view part, std::string_view by)
{
    const auto at = static_cast<std::size_t>(part.data() - text.data());
    return {at, at + part.size(), std::string(by)};
}

} // namespace

std::optional<std::int64_t> peek_sequence_number(std::string_view event) noexcept
{
    return whole_number<std::int64_t>(top_level_value(event, kNumber));
}

std::string with_sequence_number(std::string_view event, std::int64_t number)
{
    const std::string value = std::to_string(number);
    const std::string_view given = top_level_value(event, kNumber);
    if (!given.empty())
        return protocol::apply(event, {replace(event, given, value)});
    const std::string_view type = top_level_value(event, "type");
    if (type.empty())
        return protocol::apply(event, {insert_raw(event, kNumber, value)});
    const std::string with_number = std::string(type) + R"(,"sequence_number":)" + value;
    return protocol::apply(event, {replace(event, type, with_number)}); // which stays the first
}

std::string with_members(std::string_view object, std::span<const Member> members)
{
    Edits edits;
    for (const Member& member : members) {
        const std::string_view given = top_level_value(object, member.name);
        add(edits,
            given.empty() ? insert_raw(object, member.name, member.value)
                          : replace(object, given, member.value));
    }
    return protocol::apply(object, edits);
}

bool is_bare(std::string_view response) noexcept
{
    return top_level_value(response, "created_at").empty();
}

std::string with_end_of(std::string_view known, std::string_view bare)
{
    std::vector<Member> end;
    for (const std::string_view name : {"status", "error", "incomplete_details"})
        if (const std::string_view value = top_level_value(bare, name); !value.empty())
            end.push_back({name, value});
    return with_members(known, end);
}

std::string event_with(std::string_view type, std::string_view response)
{
    return R"({"type":")" + std::string(type) + R"(","response":)" + std::string(response) + "}";
}

} // namespace turngate::protocol
