#include "field_search.hpp"
#include "json_text.hpp"

#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <array>
#include <cstring>

namespace turngate::protocol {
namespace {

EventKind kind_of(std::string_view type) noexcept
{
    if (type.ends_with(".delta"))
        return EventKind::delta;
    const auto only = [&](std::string_view name, EventKind kind) {
        return type == name ? kind : EventKind::other;
    };
    switch (type.size()) {
    case 5:
        return only("error", EventKind::error);
    case 15:
        if (type == "response.queued")
            return EventKind::lifecycle;
        return only("response.failed", EventKind::failed);
    case 16:
        return only("response.created", EventKind::created);
    case 17:
        if (type == "codex.rate_limits")
            return EventKind::lifecycle;
        return only("response.metadata", EventKind::lifecycle);
    case 18:
        return only("response.completed", EventKind::completed);
    case 19:
        return only("response.incomplete", EventKind::incomplete);
    case 20:
        return only("response.in_progress", EventKind::lifecycle);
    case 25:
        return only("response.output_item.done", EventKind::item_done);
    default:
        return EventKind::other;
    }
}

// A type written with escapes, which no vendor does. Its last characters tell the kind: no known
// name but that of a delta, known by its end, is as long as what is kept.
EventKind kind_of_escaped(std::string_view body) noexcept
{
    std::array<char, 64> text;
    std::size_t size = 0;
    while (!body.empty()) {
        if (size == text.size()) {
            size /= 2;
            std::memcpy(text.data(), text.data() + size, size);
        }
        if (body.front() != '\\') {
            text[size++] = body.front();
            body.remove_prefix(1);
            continue;
        }
        const auto c = take_escape(body);
        if (!c)
            return EventKind::other;
        text[size++] = *c < 0x80 ? static_cast<char>(*c) : '\x7f'; // in no name we know
    }
    return kind_of({text.data(), size});
}

std::string_view after_space(std::string_view text) noexcept
{
    while (!text.empty() && is_json_space(text.front()))
        text.remove_prefix(1);
    return text;
}

// What follows token in text, white space aside; a null view if something else does.
std::string_view after(std::string_view text, std::string_view token) noexcept
{
    text = after_space(text);
    return text.starts_with(token) ? text.substr(token.size()) : std::string_view();
}

// The value of the first field, if that is `type`.
std::string_view leading_type(std::string_view frame) noexcept
{
    return after_space(after(after(after(frame, "{"), "\"type\""), ":"));
}

} // namespace

EventKind peek_kind(std::string_view frame) noexcept
{
    std::string_view value = leading_type(frame);
    if (value.empty())
        value = find_top_level(frame, "type");
    const std::string_view body = string_body(value);
    const bool has_escapes = body.find('\\') != std::string_view::npos;
    return has_escapes ? kind_of_escaped(body) : kind_of(body);
}

std::string_view peek_stream_id(std::string_view frame) noexcept
{
    static constexpr std::string_view kName = "stream_id";
    if (!::memmem(frame.data(), frame.size(), kName.data(), kName.size()))
        return {};
    const std::string_view name = string_body(find_top_level(frame, kName));
    return is_lane_name(name) ? name : std::string_view();
}

std::string_view peek_item(std::string_view frame) noexcept
{
    return top_level_value(frame, "item");
}

} // namespace turngate::protocol
