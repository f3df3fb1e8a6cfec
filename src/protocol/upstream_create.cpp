#include "turngate/protocol/upstream_create.hpp"

#include "json_text.hpp"
#include "object_fields.hpp"
#include "tool_choice.hpp"

#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/http_answer.hpp"

#include <algorithm>
#include <ctime>

namespace turngate::protocol {
namespace {

constexpr std::string_view kOfSockets[] = {"type", "stream_id", "generate", "background", "stream"};
constexpr std::string_view kHeaderPrefix = "ws_request_header_";

bool is_among(const std::vector<std::string>& names, std::string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

// Of an item or a tool; the bodies of strings.
struct Marks
{
    std::string_view type, role, id, status;
};

Marks marks_of(std::string_view object)
{
    Marks marks;
    if (!object.starts_with('{'))
        return marks;
    each_field(object, [&](std::string_view key, std::string_view value) {
        const std::string_view body = body_of(value);
        if (key == "type")
            marks.type = body;
        else if (key == "role")
            marks.role = body;
        else if (key == "id")
            marks.id = body;
        else if (key == "status")
            marks.status = body;
    });
    return marks;
}

class Writer
{
public:
    explicit Writer(const HttpWants& wants) : wants_(wants) {}

    HttpBody write(std::string_view create)
    {
        made_.body.reserve(create.size() + 64);
        made_.body = "{";
        choice_ = ToolChoice::for_create(create, wants_);
        each_field(create, [&](std::string_view key, std::string_view value) {
            if (std::ranges::find(kOfSockets, key) == std::end(kOfSockets) &&
                !is_among(wants_.fields, key))
                add(key, value);
        });
        if (wants_.streams)
            append_field(made_.body, "stream", "true");
        made_.body.push_back('}');
        return std::move(made_);
    }

private:
    void add(std::string_view key, std::string_view value)
    {
        std::string& body = made_.body;
        if (key == "store" && value == "true" && !wants_.stores)
            append_field(body, key, "false");
        else if (key == "client_metadata" && value.starts_with('{'))
            add_metadata(key, value);
        else if (key == "tools" && value.starts_with('[') && !wants_.tools.empty())
            append_field(body, key, without(value, wants_.tools, false));
        else if (key == "tool_choice")
            add_choice(key, value);
        else if (key == "input" && value.starts_with('[') &&
                 (!wants_.items.empty() || !wants_.stores))
            append_field(body, key, without(value, wants_.items, !wants_.stores));
        else
            append_field(body, key, value);
    }

    void add_choice(std::string_view key, std::string_view value)
    {
        const std::string left = choice_.left_of(value);
        if (!left.empty())
            append_field(made_.body, key, left);
    }

    void add_metadata(std::string_view key, std::string_view value)
    {
        std::string kept = "{";
        each_field(value, [&](std::string_view name, std::string_view text) {
            const std::string_view string = body_of(text);
            std::string header(name == kTurnState ? name : std::string_view());
            if (name.starts_with(kHeaderPrefix)) {
                header = name.substr(kHeaderPrefix.size());
                std::ranges::replace(header, '_', '-');
            }
            const std::string its = header.empty() ? std::string() : header_value(string);
            if (its.empty())
                append_field(kept, name, text);
            else
                made_.headers.emplace_back(std::move(header), its);
        });
        if (kept.size() > 1)
            append_field(made_.body, key, kept + "}");
    }

    // The list without what is of these types; assistant messages with an id and a status.
    std::string without(std::string_view list, const std::vector<std::string>& types, bool marks)
    {
        std::string kept = "[";
        kept.reserve(list.size());
        Cursor cursor(list);
        cursor.each_item([&] {
            const auto item = cursor.take_value();
            if (!item)
                return false;
            const Marks its = marks_of(*item);
            if (is_among(types, its.type))
                return true;
            if (kept.size() > 1)
                kept.push_back(',');
            if (marks && its.role == "assistant")
                append_marked(kept, *item, its);
            else
                kept.append(*item);
            return true;
        });
        kept.push_back(']');
        return kept;
    }

    // Some servers demand both (http.md section 6.3); what keeps nothing ignores them.
    void append_marked(std::string& to, std::string_view item, const Marks& its)
    {
        std::string object = "{";
        if (its.id.empty())
            append_field(object, "id", "\"msg_" + std::to_string(++made_ids_) + '"');
        if (its.status.empty())
            append_field(object, "status", "\"completed\"");
        each_field(item, [&](std::string_view key, std::string_view value) {
            const bool is_replaced =
                (key == "id" && its.id.empty()) || (key == "status" && its.status.empty());
            if (!is_replaced)
                append_field(object, key, value);
        });
        to.append(object).push_back('}');
    }

    const HttpWants& wants_;
    HttpBody made_;
    ToolChoice choice_;
    int made_ids_ = 0;
};

} // namespace

HttpBody http_body(std::string_view create, const HttpWants& wants)
{
    return Writer(wants).write(create);
}

std::vector<std::string> warm_up_events(std::string_view response_id, std::string_view model)
{
    const auto event = [&](std::string_view type, std::string_view status, int number) {
        return R"({"type":")" + std::string(type) + R"(","sequence_number":)" +
               std::to_string(number) + R"(,"response":{"id":)" + quote(response_id) +
               R"(,"object":"response","created_at":)" + std::to_string(std::time(nullptr)) +
               R"(,"status":")" + std::string(status) + R"(","model":)" + quote(model) +
               R"(,"output":[],"usage":{"input_tokens":0,"input_tokens_details":)" +
               R"({"cached_tokens":0},"output_tokens":0,"output_tokens_details":)" +
               R"({"reasoning_tokens":0},"total_tokens":0}}})";
    };
    return {event("response.created", "in_progress", 0),
            event("response.completed", "completed", 1)};
}

} // namespace turngate::protocol
