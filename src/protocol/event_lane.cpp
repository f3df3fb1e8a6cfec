#include "field_search.hpp"
#include "json_text.hpp"

#include "turngate/protocol/upstream_event.hpp"

namespace turngate::protocol {
namespace {

constexpr std::string_view kName = "stream_id";

// No vendor's event has a field of that name or one written with escapes, so the walk through the
// frame is for those that mention either.
std::string_view given_lane(std::string_view frame) noexcept
{
    if (!mentions(frame, kName) && !mentions(frame, "\\u"))
        return {};
    return top_level_value(frame, kName);
}

// One past the leading `type`; 0: another field leads.
std::size_t end_of_type(std::string_view frame) noexcept
{
    const std::string_view body = string_body(leading_type(frame));
    return body.data() ? static_cast<std::size_t>(body.data() - frame.data()) + body.size() + 1 : 0;
}

void append_field(std::string& to, std::string_view lane)
{
    to.append("\"stream_id\":\"").append(lane).push_back('"');
}

void append_replaced(std::string& to,
                     std::string_view frame,
                     std::string_view value,
                     std::string_view lane)
{
    const auto begin = static_cast<std::size_t>(value.data() - frame.data());
    to.append(frame.substr(0, begin)).append("\"").append(lane).append("\"");
    to.append(frame.substr(begin + value.size()));
}

void append_behind_type(std::string& to,
                        std::string_view frame,
                        std::size_t end,
                        std::string_view lane)
{
    to.append(frame.substr(0, end)).push_back(',');
    append_field(to, lane);
    to.append(frame.substr(end));
}

void append_behind_brace(std::string& to,
                         std::string_view frame,
                         std::size_t brace,
                         std::string_view lane)
{
    const std::size_t next = skip_space(frame, brace + 1);
    to.append(frame.substr(0, brace + 1));
    append_field(to, lane);
    if (next < frame.size() && frame[next] != '}')
        to.push_back(',');
    to.append(frame.substr(brace + 1));
}

} // namespace

void append_with_stream_id(std::string& to, std::string_view frame, std::string_view lane)
{
    const std::size_t brace = skip_space(frame, 0);
    if (lane.empty() || brace == frame.size() || frame[brace] != '{') {
        to.append(frame);
        return;
    }
    if (const auto given = given_lane(frame); !given.empty())
        append_replaced(to, frame, given, lane);
    else if (const std::size_t end = end_of_type(frame); end != 0)
        append_behind_type(to, frame, end, lane);
    else
        append_behind_brace(to, frame, brace, lane);
}

} // namespace turngate::protocol
