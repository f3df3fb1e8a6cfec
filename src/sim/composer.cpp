#include "composer.hpp"
#include "turngate/core/clock.hpp"

#include "json_text.hpp"

#include <array>
#include <utility>

namespace turngate::sim {
namespace {

std::string_view json_of(bool flag)
{
    return flag ? "true" : "false";
}

std::string before_output(const Head& head)
{
    std::string out = R"(,"instructions":null,"max_output_tokens":null,"model":)";
    append_quoted(out, head.model);
    out.append(R"(,"output":[)");
    return out;
}

std::string after_output(const Head& head)
{
    std::string out = R"(],"parallel_tool_calls":)";
    out.append(json_of(head.parallel_tool_calls)).append(R"(,"previous_response_id":)");
    out.append(head.parent ? in_quotes(*head.parent) : "null").append(R"(,"service_tier":)");
    append_quoted(out, head.service_tier);
    out.append(R"(,"store":)").append(json_of(head.store));
    out.append(R"(,"temperature":1.0,"tool_choice":)").append(head.tool_choice);
    out.append(R"(,"tools":[],"top_p":1.0,"truncation":"disabled","metadata":{})");
    return out;
}

} // namespace

Composer::Composer(Head head) : head_(std::move(head))
{
    before_status_ = R"({"id":)" + in_quotes(head_.id) + R"(,"object":"response","created_at":)";
    append_number(before_status_, head_.created_at);
    before_status_.append(R"(,"background":false,"status":)");
    before_output_ = before_output(head_);
    after_output_ = after_output(head_);
    if (!head_.lane.empty())
        tail_ = R"(,"stream_id":)" + in_quotes(head_.lane);
    tail_.push_back('}');
}

void Composer::begin(std::string_view type)
{
    event_.assign(R"({"type":")").append(type).push_back('"');
}

void Composer::place(const Item& item, unsigned index)
{
    event_.append(R"(,"item_id":")").append(item.id).append(R"(","output_index":)");
    append_number(event_, index);
    if (const std::string_view name = wording(item.kind).index; !name.empty())
        event_.append(",\"").append(name).append("\":0");
}

std::string_view Composer::end()
{
    event_.append(R"(,"sequence_number":)");
    append_number(event_, sequence_++);
    event_.append(tail_);
    return event_;
}

std::string_view Composer::event(std::string_view type, std::string_view fields)
{
    begin(type);
    event_.append(fields);
    return end();
}

std::string_view Composer::response(std::string_view type, const Snapshot& snapshot)
{
    begin(type);
    event_.append(R"(,"response":)");
    object_from_ = event_.size();
    event_.append(before_status_);
    append_quoted(event_, snapshot.status);
    event_.append(R"(,"error":)").append(snapshot.error);
    event_.append(R"(,"incomplete_details":)").append(snapshot.incomplete_details);
    event_.append(before_output_).append(snapshot.output).append(after_output_);
    if (!snapshot.usage.empty())
        event_.append(R"(,"usage":)").append(snapshot.usage);
    if (snapshot.web_searches > 0) {
        event_.append(R"(,"tool_usage":{"web_search":{"num_requests":)");
        append_number(event_, snapshot.web_searches);
        event_.append("}}");
    }
    event_.push_back('}');
    object_size_ = event_.size() - object_from_;
    return end();
}

std::string_view Composer::item_event(std::string_view type,
                                      const Item& item,
                                      unsigned index,
                                      std::string_view status,
                                      std::string_view said)
{
    begin(type);
    event_.append(R"(,"output_index":)");
    append_number(event_, index);
    event_.append(R"(,"item":)");
    append_json(event_, item, status, said);
    return end();
}

std::string_view Composer::part(std::string_view type,
                                const Item& item,
                                unsigned index,
                                std::string_view said)
{
    begin(type);
    place(item, index);
    event_.append(R"(,"part":{"type":)");
    append_quoted(event_, wording(item.kind).part_type);
    if (item.kind == Item::Kind::text)
        event_.append(R"(,"annotations":[],"logprobs":[])");
    event_.append(R"(,"text":)");
    append_quoted(event_, said);
    event_.push_back('}');
    return end();
}

std::string_view Composer::delta(const Item& item, unsigned index, std::string_view text)
{
    begin(wording(item.kind).delta);
    place(item, index);
    event_.append(R"(,"delta":)");
    append_quoted(event_, text);
    if (item.kind == Item::Kind::text)
        event_.append(R"(,"logprobs":[])");
    if (head_.model == "sim-1-clock")
        event_.append(R"(,"t":)")
            .append(std::to_string(core::Clock::now().time_since_epoch().count()));
    return end();
}

std::string_view Composer::said(const Item& item, unsigned index, std::string_view text)
{
    begin(wording(item.kind).done);
    place(item, index);
    event_.append(",\"").append(wording(item.kind).done_key).append("\":");
    append_quoted(event_, text);
    if (item.kind == Item::Kind::text)
        event_.append(R"(,"logprobs":[])");
    return end();
}

std::string_view Composer::search_step(const Item& item, unsigned index, std::size_t step)
{
    constexpr std::array<std::string_view, 3> kSteps{
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
        "response.web_search_call.completed",
    };
    begin(kSteps[step]);
    place(item, index);
    return end();
}

} // namespace turngate::sim
