#include "sse.hpp"

#include <nlohmann/json.hpp>

namespace turngate::sim {
namespace {

using nlohmann::json;

// Behind the first comma between members: a line break there is white space of the JSON.
std::size_t seam(std::string_view event)
{
    bool in_string = false;
    for (std::size_t i = 0; i < event.size(); ++i) {
        if (event[i] == '"')
            in_string = !in_string;
        else if (in_string && event[i] == '\\')
            ++i;
        else if (!in_string && event[i] == ',')
            return i + 1;
    }
    return event.size();
}

void append_data(std::string& out, const SseForm& form, std::string_view text)
{
    for (;;) {
        const auto end = text.find('\n');
        out.append(form.has_space ? "data: " : "data:");
        out.append(text.substr(0, end)).append(form.newline);
        if (end == std::string_view::npos)
            return;
        text.remove_prefix(end + 1);
    }
}

} // namespace

void append_sse(std::string& out, const SseForm& form, std::string_view event, std::uint64_t number)
{
    if (form.has_comments)
        out.append(": a comment").append(form.newline).append(form.newline);
    if (form.has_ids)
        out.append("id: ").append(std::to_string(number)).append(form.newline);
    if (form.has_retry)
        out.append("retry: 3000").append(form.newline);
    const std::string type = form.has_event_lines ? type_of_event(event) : std::string();
    if (!type.empty())
        out.append("event: ").append(type).append(form.newline);
    const std::size_t cut = form.splits_data ? seam(event) : event.size();
    append_data(out, form, event.substr(0, cut));
    if (cut < event.size())
        append_data(out, form, event.substr(cut));
    out.append(form.newline);
}

std::string type_of_event(std::string_view event)
{
    constexpr std::string_view kUsual = R"({"type":")";
    if (event.starts_with(kUsual)) {
        event.remove_prefix(kUsual.size());
        return std::string(event.substr(0, event.find('"')));
    }
    const json read = json::parse(event, nullptr, false);
    if (!read.is_object() || !read.contains("type") || !read["type"].is_string())
        return {};
    return read["type"].get<std::string>();
}

} // namespace turngate::sim
