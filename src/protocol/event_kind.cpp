#include "field_search.hpp"
#include "json_text.hpp"

#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace turngate::protocol {
namespace {

using Text = std::array<char, 128>; // longer types are known to nobody

constexpr std::pair<std::string_view, EventKind> kTypes[] = {
    {"response.created", EventKind::created},
    {"response.output_item.done", EventKind::item_done},
    {"response.output_item.interrupted", EventKind::control},
    {"response.interrupt.accepted", EventKind::control},
    {"response.inject.created", EventKind::control},
    {"response.inject.failed", EventKind::control},
    {"response.steer.accepted", EventKind::steer},
    {"response.steer.pending", EventKind::steer},
    {"response.steer.failed", EventKind::steer},
    {"response.completed", EventKind::completed},
    {"response.failed", EventKind::failed},
    {"response.incomplete", EventKind::incomplete},
    {"error", EventKind::error},
};

// Types of output that nobody knows yet are named like those we know: response.<what>.<step>. A
// step that ends or adds something carries it; hosted tools tell of every step.
bool carries_output(std::string_view type) noexcept
{
    static constexpr std::string_view kRoot = "response.";
    static constexpr std::string_view kFamilies[] = {
        "output_", "content_part.", "refusal.", "reasoning", "audio.", "mcp_list_tools."};
    if (!type.starts_with(kRoot))
        return false;
    type.remove_prefix(kRoot.size());
    const std::size_t dot = type.find('.');
    if (dot == type.npos)
        return false;
    return type.substr(0, dot).find("_call") != type.npos || type.ends_with(".done") ||
           type.ends_with(".added") || std::ranges::any_of(kFamilies, [&](std::string_view family) {
               return type.starts_with(family);
           });
}

EventKind kind_of(std::string_view type) noexcept
{
    if (type.size() > Text().size())
        return EventKind::lifecycle;
    if (type.ends_with(".delta"))
        return EventKind::delta;
    const auto* const known = std::ranges::find(kTypes, type, [](auto& row) { return row.first; });
    if (known != std::end(kTypes))
        return known->second;
    return carries_output(type) ? EventKind::content : EventKind::lifecycle;
}

EventKind kind_of_done(std::string_view frame) noexcept
{
    const std::string_view response = find_top_level(frame, "response");
    const std::string_view status = string_body(find_top_level(response, "status"));
    if (status.empty() || status == "completed")
        return EventKind::completed;
    return status == "failed" ? EventKind::failed : EventKind::incomplete;
}

EventKind kind_without_type(std::string_view frame) noexcept
{
    const std::string_view error = find_top_level(frame, "error");
    return error.starts_with('{') || error.starts_with('"') ? EventKind::error
                                                            : EventKind::lifecycle;
}

} // namespace

EventKind peek_kind(std::string_view frame) noexcept
{
    const std::string_view body = type_body(frame);
    if (!body.data())
        return kind_without_type(frame);
    Text buffer;
    const std::string_view type = decode(body, buffer);
    return type == "response.done" ? kind_of_done(frame) : kind_of(type);
}

std::string_view peek_stream_id(std::string_view frame) noexcept
{
    static constexpr std::string_view kName = "stream_id";
    if (!mentions(frame, kName))
        return {};
    const std::string_view name = string_body(find_top_level(frame, kName));
    return is_lane_name(name) ? name : std::string_view();
}

bool is_for_codex(std::string_view frame) noexcept
{
    const std::string_view type = type_body(frame);
    return type.starts_with("codex.") || type.starts_with("responsesapi.") ||
           type == "response.metadata";
}

std::string_view peek_type(std::string_view frame) noexcept
{
    return type_body(frame);
}

std::string_view peek_item(std::string_view frame) noexcept
{
    return top_level_value(frame, "item");
}

std::optional<std::uint32_t> peek_output_index(std::string_view frame) noexcept
{
    return whole_number<std::uint32_t>(top_level_value(frame, "output_index"));
}

std::string_view peek_response_id(std::string_view frame) noexcept
{
    const std::string_view response = find_top_level(frame, "response");
    const std::string_view id = string_body(find_top_level(response, "id"));
    return id.data() ? id : string_body(find_top_level(frame, "response_id"));
}

std::string_view peek_turn_state(std::string_view frame) noexcept
{
    if (!mentions(frame, kTurnState) || type_body(frame) != "response.metadata")
        return {};
    return string_body(top_level_value(top_level_value(frame, "headers"), kTurnState));
}

} // namespace turngate::protocol
