#include "item.hpp"

#include "json_text.hpp"

#include <array>

namespace turngate::sim {
namespace {

constexpr std::array<Wording, 8> kWordings{{
    {"msg",
     "message",
     "response.output_text.delta",
     "response.output_text.done",
     "text",
     "content_index",
     "response.content_part.added",
     "response.content_part.done",
     "output_text"},
    {"fc",
     "function_call",
     "response.function_call_arguments.delta",
     "response.function_call_arguments.done",
     "arguments",
     {},
     {},
     {},
     {}},
    {"ctc",
     "custom_tool_call",
     "response.custom_tool_call_input.delta",
     "response.custom_tool_call_input.done",
     "input",
     {},
     {},
     {},
     {}},
    {"sh", "shell_call", {}, {}, {}, {}, {}, {}, {}},
    {"rs",
     "reasoning",
     "response.reasoning_summary_text.delta",
     "response.reasoning_summary_text.done",
     "text",
     "summary_index",
     "response.reasoning_summary_part.added",
     "response.reasoning_summary_part.done",
     "summary_text"},
    {"ws", "web_search_call", {}, {}, {}, {}, {}, {}, {}},
    {"item", {}, {}, {}, {}, {}, {}, {}, {}},
    {{}, {}, {}, {}, {}, {}, {}, {}, {}},
}};

void append_field(std::string& out, std::string_view name, std::string_view text)
{
    out.append(",\"").append(name).append("\":");
    append_quoted(out, text);
}

void append_message(std::string& out, std::string_view said)
{
    out.append(R"(,"role":"assistant","content":[)");
    if (!said.empty()) {
        out.append(R"({"type":"output_text","annotations":[],"logprobs":[])");
        append_field(out, "text", said);
        out.push_back('}');
    }
    out.push_back(']');
}

void append_reasoning(std::string& out, const Item& item, std::string_view said)
{
    out.append(R"(,"summary":[)");
    if (!said.empty()) {
        out.append(R"({"type":"summary_text")");
        append_field(out, "text", said);
        out.push_back('}');
    }
    out.push_back(']');
    append_field(out, "encrypted_content", item.encrypted_content);
}

void append_call(std::string& out, const Item& item, std::string_view said)
{
    append_field(out, wording(item.kind).done_key, said);
    append_field(out, "call_id", item.call_id);
    append_field(out, "name", item.name);
}

} // namespace

const Wording& wording(Item::Kind kind) noexcept
{
    return kWordings[static_cast<std::size_t>(kind)];
}

void append_json(std::string& out, const Item& item, std::string_view status, std::string_view said)
{
    out.append(R"({"id":)");
    append_quoted(out, item.id);
    if (item.kind == Item::Kind::verbatim) {
        out.append(item.text).push_back('}');
        return;
    }
    append_field(out, "type", wording(item.kind).item_type);
    append_field(out, "status", status);
    switch (item.kind) {
    case Item::Kind::text:
        append_message(out, said);
        break;
    case Item::Kind::call:
    case Item::Kind::custom_call:
        append_call(out, item, said);
        break;
    case Item::Kind::shell_call:
        append_field(out, "call_id", item.call_id);
        [[fallthrough]];
    case Item::Kind::web_search:
        out.append(R"(,"action":)").append(item.text);
        break;
    case Item::Kind::reasoning:
        append_reasoning(out, item, said);
        break;
    case Item::Kind::verbatim:
    case Item::Kind::wait:
        break;
    }
    out.push_back('}');
}

} // namespace turngate::sim
