#include "field_search.hpp"
#include "json_text.hpp"

#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/error_event.hpp"

namespace turngate::protocol {
namespace {

void set_field(Edits& edits, std::string_view event, std::string_view key, std::string_view value)
{
    const std::string_view given = top_level_value(event, key);
    if (!given.data()) {
        add(edits, insert_raw(event, key, value));
        return;
    }
    const auto begin = static_cast<std::size_t>(given.data() - event.data());
    add(edits, {begin, begin + given.size(), std::string(value)});
}

} // namespace

std::optional<int> top_level_status(std::string_view event) noexcept
{
    if (!type_body(event).data())
        return std::nullopt;
    return whole_number<int>(top_level_value(event, "status"));
}

std::string with_status(std::string_view event, int status)
{
    Edits edits;
    if (!type_body(event).data())
        set_field(edits, event, "type", R"("error")");
    set_field(edits, event, "status", std::to_string(status));
    return protocol::apply(event, edits);
}

} // namespace turngate::protocol
