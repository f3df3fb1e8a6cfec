#include "turngate/protocol/item.hpp"

#include "item_fields.hpp"

#include <utility>

namespace turngate::protocol {
namespace {

// Offsets in the item instead of the value it stands in.
FieldSpan within(std::uint32_t begin, const FieldSpan& at)
{
    if (!at)
        return {};
    return {at.key_begin - begin, at.value_begin - begin, at.value_end - begin};
}

// Of the item that stands at the cursor.
std::optional<Item> take(Cursor& cursor)
{
    ItemFields fields;
    ItemFinds finds; // of no interest here
    const auto text = cursor.taken_by([&] { return take_item(cursor, fields, finds); });
    if (!text || !fields.ambiguous().empty())
        return std::nullopt;
    const std::uint32_t begin = cursor.offset_of(text->data());
    Item item;
    item.text = *text;
    item.type = fields[ItemKey::type].text();
    item.id = fields[ItemKey::id].text();
    item.call_id = fields[ItemKey::call_id].text();
    item.approval_request_id = fields[ItemKey::approval_request_id].text();
    item.has_role = !fields[ItemKey::role].value.empty();
    item.has_encrypted_content = !fields[ItemKey::encrypted_content].body().empty();
    item.at.id = within(begin, fields[ItemKey::id].at);
    item.at.status = within(begin, fields[ItemKey::status].at);
    return item;
}

} // namespace

std::optional<std::vector<Item>> ItemReader::read_items(std::string_view array)
{
    Cursor cursor(array);
    std::vector<Item> items;
    const bool is_sound = cursor.each_item([&] {
        auto item = take(cursor);
        if (item)
            items.push_back(std::move(*item));
        return item.has_value();
    });
    return is_sound && cursor.is_at_end() ? std::optional(std::move(items)) : std::nullopt;
}

std::optional<Item> ItemReader::read_item(std::string_view object)
{
    Cursor cursor(object);
    auto item = take(cursor);
    return cursor.is_at_end() ? std::move(item) : std::nullopt;
}

} // namespace turngate::protocol
