#include "item_fields.hpp"

#include <algorithm>

namespace turngate::protocol {
namespace {

constexpr std::string_view kKeys[] = {
    "type",
    "id",
    "call_id",
    "approval_request_id",
    "role",
    "encrypted_content",
    "status",
    "container",
    "container_id",
    "environment",
    "tools",
};

// A parent, a call or an item that names a container hands it to the model: an id that is a string
// is one that exists already.
void keep(std::vector<std::string>& ids, const NamedField& field)
{
    if (!field.body().empty())
        ids.push_back(field.text());
}

// {"type":"container_reference","container_id":…} of a shell.
bool take_environment(Cursor& cursor, NamedField& environment, std::vector<std::string>& ids)
{
    static constexpr std::string_view kId[] = {"container_id"};
    if (cursor.peek() != '{')
        return cursor.take_value().has_value();
    NamedField id;
    const bool is_sound =
        take_fields(cursor, kId, std::span(&id, 1), [&](std::size_t, NamedField&) {
            return cursor.take_value().has_value();
        });
    environment.is_ambiguous |= id.is_ambiguous;
    keep(ids, id);
    return is_sound;
}

// Recursion ends at the cursor's depth.
bool take_tools(Cursor& cursor, NamedField& tools, std::vector<std::string>& ids)
{
    if (cursor.peek() != '[')
        return cursor.take_value().has_value();
    return cursor.each_item([&] {
        if (cursor.peek() != '{')
            return cursor.take_value().has_value();
        ItemFields tool;
        const bool is_sound = take_item(cursor, tool, ids);
        tools.is_ambiguous |= !tool.ambiguous().empty();
        return is_sound;
    });
}

} // namespace

std::string_view ItemFields::ambiguous() const noexcept
{
    const auto* const first = std::ranges::find(all, true, &NamedField::is_ambiguous);
    return first == all.end() ? std::string_view() : kKeys[first - all.begin()];
}

bool take_item(Cursor& cursor, ItemFields& item, std::vector<std::string>& container_ids)
{
    const auto take = [&](std::size_t key, NamedField& field) {
        if (key == static_cast<std::size_t>(ItemKey::environment))
            return take_environment(cursor, field, container_ids);
        if (key == static_cast<std::size_t>(ItemKey::tools))
            return take_tools(cursor, field, container_ids);
        return cursor.take_value().has_value();
    };
    if (!take_fields(cursor, kKeys, item.all, take))
        return false;
    keep(container_ids, item[ItemKey::container]);
    keep(container_ids, item[ItemKey::container_id]);
    return true;
}

} // namespace turngate::protocol
