#include "client_fields.hpp"

#include "cursor.hpp"
#include "json_text.hpp"

#include "turngate/protocol/item.hpp"

#include <algorithm>
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
};

std::optional<Field> field_named(std::string_view name)
{
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end())
        return std::nullopt;
    return static_cast<Field>(found - kNames.begin());
}

std::optional<Field> field_of(std::string_view key)
{
    if (key.find('\\') == std::string_view::npos)
        return field_named(key);
    return field_named(unescape(key));
}

// Of a string; empty for any other value.
std::string_view body_of(std::string_view value)
{
    if (value.front() != '"')
        return {};
    return value.substr(1, value.size() - 2);
}

CallRole role_of(std::string_view type) // as sent
{
    if (type.find('\\') == std::string_view::npos)
        return call_role(type);
    return call_role(unescape(type));
}

// The strings of an item that say which call it is or answers, as sent; null views where there are
// none.
struct CallStrings
{
    std::string_view type, call_id, id, approval_request_id;

    std::string_view* named(std::string_view key)
    {
        if (spells(key, "type"))
            return &type;
        if (spells(key, "call_id"))
            return &call_id;
        if (spells(key, "id"))
            return &id;
        return spells(key, "approval_request_id") ? &approval_request_id : nullptr;
    }
};

class FieldScan
{
public:
    FieldScan(std::string_view frame, Cursor& cursor, ClientFields& fields)
        : frame_(frame), cursor_(cursor), fields_(fields)
    {
    }

    bool scan_frame()
    {
        return cursor_.each_field([this](std::string_view key) { return scan_field(key); });
    }

private:
    bool scan_field(std::string_view key)
    {
        const auto field = field_of(key);
        const std::size_t begin = cursor_.offset();
        const bool is_sound = scan_value(field);
        if (is_sound && field)
            keep(*field, key, frame_.substr(begin, cursor_.end_of_taken() - begin));
        return is_sound;
    }

    bool scan_value(std::optional<Field> field)
    {
        if (field == Field::input && cursor_.peek() == '[')
            return scan_items();
        if (field == Field::client_metadata && cursor_.peek() == '{')
            return scan_metadata();
        return cursor_.take_value().has_value();
    }

    bool scan_metadata()
    {
        return cursor_.each_field([this](std::string_view key) {
            fields_.has_turn_state |= spells(key, kTurnState);
            return cursor_.take_value().has_value();
        });
    }

    void keep(Field field, std::string_view key, std::string_view value)
    {
        FieldText& text = fields_.texts[static_cast<std::size_t>(field)];
        if (text.at && !fields_.duplicate)
            fields_.duplicate = field;
        const auto offset = [&](const char* at) {
            return static_cast<std::uint32_t>(at - frame_.data());
        };
        text.at = {
            offset(key.data() - 1), offset(value.data()), offset(value.data() + value.size())};
        text.value = value;
    }

    bool scan_items()
    {
        return cursor_.each_item([this] {
            return cursor_.peek() == '{' ? scan_item() : cursor_.take_value().has_value();
        });
    }

    bool scan_item()
    {
        CallStrings strings;
        const bool is_sound = cursor_.each_field([&](std::string_view key) {
            const auto value = cursor_.take_value();
            if (std::string_view* const string = strings.named(key); string && value)
                *string = body_of(*value);
            return value.has_value();
        });
        if (is_sound) {
            note_reference(strings);
            keep_call(strings);
        }
        return is_sound;
    }

    // {"id":…} alone is one too: the vendor's `type` may be left out.
    void note_reference(const CallStrings& strings)
    {
        const bool is_reference =
            strings.type.empty() ? !strings.id.empty() : unescape(strings.type) == "item_reference";
        fields_.has_item_reference = fields_.has_item_reference || is_reference;
    }

    void keep_call(const CallStrings& strings)
    {
        const CallRole role = role_of(strings.type);
        const std::string_view name =
            call_name(role.key, strings.call_id, strings.id, strings.approval_request_id);
        if (role.part == CallPart::none || name.empty())
            return;
        const bool is_output = role.part == CallPart::output;
        auto& ids = is_output ? fields_.tool_output_call_ids : fields_.tool_call_ids;
        ids.push_back(unescape(name));
    }

    std::string_view frame_;
    Cursor& cursor_;
    ClientFields& fields_;
};

} // namespace

std::string_view name_of(Field field) noexcept
{
    return kNames[static_cast<std::size_t>(field)];
}

Shape scan(std::string_view frame, std::span<const std::uint32_t> starts, ClientFields& fields)
{
    if (starts.empty())
        return Shape::no_json;
    Cursor cursor(frame, starts);
    const bool is_object = cursor.peek() == '{';
    const bool is_sound =
        is_object ? FieldScan(frame, cursor, fields).scan_frame() : cursor.take_value().has_value();
    if (!is_sound || !cursor.is_at_end())
        return Shape::no_json;
    return is_object ? Shape::object : Shape::no_object;
}

} // namespace turngate::protocol
