#include "client_fields.hpp"

#include "cursor.hpp"
#include "json_text.hpp"

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
    const auto name = unescape(key);
    return name ? field_named(*name) : std::nullopt;
}

std::optional<std::string_view> body_of(std::string_view value)
{
    if (value.front() != '"')
        return std::nullopt;
    return value.substr(1, value.size() - 2);
}

bool has_suffix(std::string_view body, std::string_view suffix)
{
    if (body.find('\\') == std::string_view::npos)
        return body.ends_with(suffix);
    const auto text = unescape(body);
    return text && text->ends_with(suffix);
}

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
        const bool has_items = field == Field::input && cursor_.peek() == '[';
        const bool is_sound = has_items ? scan_items() : cursor_.take_value().has_value();
        if (is_sound && field)
            keep(*field, key, frame_.substr(begin, cursor_.end_of_taken() - begin));
        return is_sound;
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
        std::optional<std::string_view> type;
        std::optional<std::string_view> call_id;
        const bool is_sound = cursor_.each_field([&](std::string_view key) {
            const auto value = cursor_.take_value();
            if (value && spells(key, "type"))
                type = body_of(*value);
            else if (value && spells(key, "call_id"))
                call_id = body_of(*value);
            return value.has_value();
        });
        if (is_sound && type && call_id)
            keep_call(*type, *call_id);
        return is_sound;
    }

    void keep_call(std::string_view type, std::string_view call_id)
    {
        const bool is_output = has_suffix(type, "_output");
        if (!is_output && !has_suffix(type, "_call"))
            return;
        auto& ids = is_output ? fields_.tool_output_call_ids : fields_.tool_call_ids;
        if (auto id = unescape(call_id)) // half a surrogate pair can be no id of ours
            ids.push_back(std::move(*id));
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
