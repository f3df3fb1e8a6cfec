#include "client_fields.hpp"

#include "item_fields.hpp"

#include "turngate/protocol/item.hpp"

#include <utility>

namespace turngate::protocol {
namespace {

constexpr std::array<std::string_view, kFieldCount> kNames{
    "type",
    "stream_id",
    "model",
    "previous_response_id",
    "response_id",
    "prompt_cache_key",
    "service_tier",
    "store",
    "generate",
    "prompt",
    "conversation",
    "max_output_tokens",
    "input",
    "safety_identifier",
    "client_metadata",
    "prompt_cache_options",
    "tools",
    "max_tool_calls",
    "stream",
    "stream_options",
    "background",
};

class FrameScan
{
public:
    FrameScan(Cursor& cursor, ClientFields& fields) : cursor_(cursor), fields_(fields) {}

    bool scan()
    {
        return take_fields(cursor_, kNames, fields_.all, [this](std::size_t name, NamedField&) {
            return take(static_cast<Field>(name));
        });
    }

private:
    bool take(Field field)
    {
        const char opening = cursor_.peek();
        if (field == Field::input && opening == '[')
            return take_items("input", [this](const ItemFields& item) { note(item); });
        if (field == Field::tools && opening == '[')
            return take_items(
                "tools", [this](const ItemFields& tool) { note_tool(tool, fields_.finds.size); });
        if (field == Field::client_metadata && opening == '{')
            return take_metadata();
        if (field == Field::prompt_cache_options && opening == '{')
            return take_cache_options();
        return cursor_.take_value().has_value();
    }

    template <class OnItem>
    bool take_items(std::string_view array, OnItem&& on_item)
    {
        std::size_t count = 0;
        return cursor_.each_item([&] {
            const std::size_t index = count++;
            if (cursor_.peek() != '{')
                return cursor_.take_value().has_value();
            ItemFields item;
            if (!take_item(cursor_, item, fields_.finds))
                return false;
            if (const auto key = item.ambiguous(); !key.empty())
                note_ambiguous(std::string(array) + "[" + std::to_string(index) + "]", key);
            on_item(item);
            return true;
        });
    }

    // A map of the client's own: its keys are no fields.
    bool take_metadata()
    {
        return cursor_.each_field([this](std::string_view key) {
            fields_.has_turn_state |= spells(key, kTurnState);
            return cursor_.take_value().has_value();
        });
    }

    bool take_cache_options()
    {
        static constexpr std::string_view kComparison[] = {"comparison_response_id"};
        NamedField& field = fields_.comparison_response_id;
        const auto take = [this](std::size_t, NamedField&) {
            return cursor_.take_value().has_value();
        };
        const bool is_sound = take_fields(cursor_, kComparison, std::span(&field, 1), take);
        if (field.is_ambiguous)
            note_ambiguous("prompt_cache_options", kComparison[0]);
        return is_sound;
    }

    void note_ambiguous(std::string path, std::string_view key)
    {
        if (fields_.ambiguous.empty())
            fields_.ambiguous = std::move(path.append(".").append(key));
    }

    void note(const ItemFields& item)
    {
        const std::string type = item[ItemKey::type].text();
        note_call(item, type);
        fields_.has_item_reference |= is_reference(item, type);
        const bool is_trigger = type == "compaction_trigger";
        fields_.has_compaction_trigger |= is_trigger;
        fields_.has_compaction |= type.starts_with("compaction") && !is_trigger;
        // A bare part: nobody promises what an upstream makes of it.
        fields_.finds.size.is_open |= type.starts_with("input_");
    }

    // {"id":…} alone is one too: its `type` may be left out. With a role it is a message.
    static bool is_reference(const ItemFields& item, std::string_view type)
    {
        if (!type.empty())
            return type == "item_reference";
        return !item[ItemKey::id].body().empty() && !item[ItemKey::role].is_string();
    }

    void note_call(const ItemFields& item, std::string_view type)
    {
        const CallRole role = call_role(type);
        const std::string_view name = call_name(role.key,
                                                item[ItemKey::call_id].body(),
                                                item[ItemKey::id].body(),
                                                item[ItemKey::approval_request_id].body());
        if (role.part == CallPart::none || name.empty())
            return;
        const bool is_output = role.part == CallPart::output;
        auto& ids = is_output ? fields_.tool_output_call_ids : fields_.tool_call_ids;
        ids.push_back(unescape(name));
    }

    Cursor& cursor_;
    ClientFields& fields_;
};

} // namespace

std::string_view name_of(Field field) noexcept
{
    return kNames[static_cast<std::size_t>(field)];
}

Shape scan(std::string_view frame, ClientFields& fields)
{
    Cursor cursor(frame);
    const bool is_object = cursor.peek() == '{';
    const bool is_sound =
        is_object ? FrameScan(cursor, fields).scan() : cursor.take_value().has_value();
    if (!is_sound || !cursor.is_at_end())
        return Shape::no_json;
    return is_object ? Shape::object : Shape::no_object;
}

} // namespace turngate::protocol
