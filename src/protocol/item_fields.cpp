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
    "content",
    "output",
};
constexpr std::size_t kUnambiguous = 11; // of them, from the front

// In a part of `content` or `output`: where else it may be.
constexpr std::string_view kElsewhere[] = {
    "file_id",
    "file_url",
    "image_url",
    "video_url",
    "audio_url",
};

constexpr std::string_view kInline = "data:";

// Tools that their client runs.
constexpr std::string_view kClientTools[] = {
    "function",
    "custom",
    "namespace", // of such; what it holds is looked at, too
    "local_shell",
    "apply_patch",
    "computer",
    "computer_use_preview",
    "tool_search", // among those that stand in the frame
};

// A parent, a call or an item that names a container hands it to the model: an id that is a string
// is one that exists already.
void keep(std::vector<std::string>& ids, const NamedField& field)
{
    if (!field.body().empty())
        ids.push_back(field.text());
}

// {"type":"input_image","image_url":…}, {"type":"computer_screenshot",…}. Whatever the key's case:
// who cannot be understood may be dear.
bool take_part(Cursor& cursor, InputSize& size)
{
    if (cursor.peek() != '{')
        return cursor.take_value().has_value();
    return cursor.each_field([&](std::string_view key) {
        const auto value = cursor.take_value();
        if (!value || *value == "null" || !match_key(key, kElsewhere))
            return value.has_value();
        if (value->substr(1).starts_with(kInline)) {
            ++size.pictures;
            size.picture_bytes += value->size();
        } else {
            size.is_open = true;
        }
        return true;
    });
}

bool take_parts(Cursor& cursor, InputSize& size)
{
    if (cursor.peek() != '[')
        return take_part(cursor, size);
    return cursor.each_item([&] { return take_part(cursor, size); });
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
bool take_tools(Cursor& cursor, NamedField& tools, ItemFinds& finds)
{
    if (cursor.peek() != '[')
        return cursor.take_value().has_value();
    return cursor.each_item([&] {
        if (cursor.peek() != '{')
            return cursor.take_value().has_value();
        ItemFields tool;
        const bool is_sound = take_item(cursor, tool, finds);
        note_tool(tool, finds.size);
        tools.is_ambiguous |= !tool.ambiguous().empty();
        return is_sound;
    });
}

} // namespace

std::string_view ItemFields::ambiguous() const noexcept
{
    const auto read = std::span(all).first(kUnambiguous);
    const auto first = std::ranges::find(read, true, &NamedField::is_ambiguous);
    return first == read.end() ? std::string_view() : kKeys[first - read.begin()];
}

void note_tool(const ItemFields& tool, InputSize& size)
{
    const std::string type = tool[ItemKey::type].text();
    if (std::ranges::find(kClientTools, type) != std::end(kClientTools))
        return;
    size.is_open = true;
    size.has_hosted_tools = true;
    size.has_web_search |= type.starts_with("web_search");
}

bool take_item(Cursor& cursor, ItemFields& item, ItemFinds& finds)
{
    const auto take = [&](std::size_t key, NamedField& field) {
        switch (static_cast<ItemKey>(key)) {
        case ItemKey::environment:
            return take_environment(cursor, field, finds.container_ids);
        case ItemKey::tools:
            return take_tools(cursor, field, finds);
        case ItemKey::content:
        case ItemKey::output:
            return take_parts(cursor, finds.size);
        case ItemKey::type:
        case ItemKey::id:
        case ItemKey::call_id:
        case ItemKey::approval_request_id:
        case ItemKey::role:
        case ItemKey::encrypted_content:
        case ItemKey::status:
        case ItemKey::container:
        case ItemKey::container_id:
            return cursor.take_value().has_value();
        }
        return false;
    };
    if (!take_fields(cursor, kKeys, item.all, take))
        return false;
    keep(finds.container_ids, item[ItemKey::container]);
    keep(finds.container_ids, item[ItemKey::container_id]);
    return true;
}

} // namespace turngate::protocol
