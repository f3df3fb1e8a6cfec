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
    case 21:
        return only("response.steer.failed", EventKind::steer);
    case 22:
        return only("response.steer.pending", EventKind::steer);
    case 23:
        return only("response.steer.accepted", EventKind::steer);
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

} // namespace

EventKind peek_kind(std::string_view frame) noexcept
{
    const std::string_view body = type_body(frame);
    const bool has_escapes = body.find('\\') != std::string_view::npos;
    return has_escapes ? kind_of_escaped(body) : kind_of(body);
}

std::string_view peek_stream_id(std::string_view frame) noexcept
{
    static constexpr std::string_view kName = "stream_id";
    if (!mentions(frame, kName))
        return {};
    const std::string_view name = string_body(find_top_level(frame, kName));
    return is_lane_name(name) ? name : std::string_view();
}

std::string_view peek_item(std::string_view frame) noexcept
{
    return top_level_value(frame, "item");
}

std::string_view peek_turn_state(std::string_view frame) noexcept
{
    if (!mentions(frame, kTurnState) || type_body(frame) != "response.metadata")
        return {};
    return string_body(top_level_value(top_level_value(frame, "headers"), kTurnState));
}

} // namespace turngate::protocol
