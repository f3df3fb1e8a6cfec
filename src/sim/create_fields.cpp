#include "create_fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace turngate::sim {
namespace {

using nlohmann::json;

const json* field(const json& event, const char* name)
{
    const auto found = event.find(name);
    return found == event.end() || found->is_null() ? nullptr : &*found;
}

// Reads fields one by one; the first that is wrong stays.
class Fields
{
public:
    explicit Fields(const json& event) : event_(event) {}

    void text(const char* name, std::string& to)
    {
        if (const json* value = typed(name, &json::is_string, "a string"))
            to = value->get<std::string>();
    }
    void text(const char* name, std::optional<std::string>& to)
    {
        if (const json* value = typed(name, &json::is_string, "a string"))
            to = value->get<std::string>();
    }
    void flag(const char* name, bool& to)
    {
        if (const json* value = typed(name, &json::is_boolean, "a boolean"))
            to = value->get<bool>();
    }
    const json* array(const char* name) { return typed(name, &json::is_array, "an array"); }
    void refuse(Error error)
    {
        if (!error_)
            error_ = std::move(error);
    }
    const std::optional<Error>& error() const { return error_; }

private:
    using Is = bool (json::*)() const noexcept;

    const json* typed(const char* name, Is is, const char* expected)
    {
        const json* value = field(event_, name);
        if (!value || (value->*is)())
            return value;
        refuse(invalid_type(name, expected));
        return nullptr;
    }

    const json& event_;
    std::optional<Error> error_;
};

void read_conversation(const json& event, Create& create, Fields& fields)
{
    const json* value = field(event, "conversation");
    if (!value)
        return;
    if (value->is_object() && value->contains("id"))
        value = &value->at("id");
    if (!value->is_string())
        return fields.refuse(invalid_type("conversation", "a string or an object with an id"));
    create.conversation = value->get<std::string>();
    if (create.parent)
        fields.refuse(exclusive_parent());
}

void read_input_field(const json& event, Create& create, Fields& fields)
{
    const json* value = field(event, "input");
    if (!value)
        return;
    if (!value->is_string() && !value->is_array())
        return fields.refuse(invalid_type("input", "a string or an array of items"));
    create.input = read_input(*value);
}

void read_tool_fields(const json& event, Create& create, Fields& fields)
{
    if (const json* tools = fields.array("tools"))
        create.tools = read_tools(*tools);
    fields.flag("parallel_tool_calls", create.parallel_tool_calls);
    const json* choice = field(event, "tool_choice");
    if (!choice)
        return;
    create.tool_choice = choice->dump();
    if (choice->is_object() && choice->value("type", json()) == "function")
        if (const json* name = field(*choice, "name"); name && name->is_string())
            create.forced_tool = name->get<std::string>();
}

void read_warm_up(const json& event, Create& create, Fields& fields)
{
    fields.flag("generate", create.generate);
    const json* cache = field(event, "prompt_cache_options");
    if (cache && cache->is_object() && cache->value("prewarm", json()) == true)
        create.generate = false;
}

void read_tier(Create& create, Fields& fields)
{
    std::string asked;
    fields.text("service_tier", asked);
    if (asked == "fast")
        create.service_tier = "priority";
    else if (!asked.empty() && asked != "auto")
        create.service_tier = asked;
}

// What vLLM demands of what was said before.
bool has_id_and_status(const json& item)
{
    const bool is_said = item.is_object() && item.value("role", json()) == "assistant" &&
                         item.contains("content") && item["content"].is_array();
    if (!is_said)
        return true;
    const json& content = item["content"];
    const bool has_text = std::any_of(content.begin(), content.end(), [](const json& part) {
        return part.is_object() && part.value("type", json()) == "output_text";
    });
    const auto has_text_at = [&](const char* key) {
        return item.contains(key) && item[key].is_string();
    };
    return !has_text || (has_text_at("id") && has_text_at("status"));
}

// What this server, as its options make it, does not do.
void check_abilities(const json& event,
                     const Create& create,
                     const ClientRules& rules,
                     Fields& fields)
{
    const bool is_model_known =
        rules.models.empty() || create.model.empty() ||
        std::find(rules.models.begin(), rules.models.end(), create.model) != rules.models.end();
    if (!is_model_known)
        fields.refuse(model_not_found(create.model));
    if (!rules.stores && event.contains("store") && create.store)
        fields.refuse(unsupported_parameter("store"));
    if (!rules.stores && rules.http && create.parent)
        fields.refuse(unsupported_parameter("previous_response_id"));
    const json* input = field(event, "input");
    if (rules.ids_required && input && input->is_array() &&
        !std::all_of(input->begin(), input->end(), has_id_and_status))
        fields.refuse(missing_parameter("input.id"));
}

void read_stream(const json& event, Create& create, Fields& fields)
{
    fields.flag("stream", create.streams);
    if (field(event, "stream_options") && !create.streams)
        fields.refuse(stream_options_without_stream());
}

// False: the name is no name, and the answer carries none.
bool read_lane(const json& event, Create& create, const ClientRules& rules, Fields& fields)
{
    const auto found = event.find("stream_id");
    if (found == event.end())
        return true;
    if (!rules.lanes)
        fields.refuse(unknown_parameter("stream_id"));
    else if (!found->is_string() || !is_lane_name(found->get_ref<const std::string&>()))
        fields.refuse(invalid_stream_id());
    else
        create.lane = found->get<std::string>();
    return !fields.error();
}

} // namespace

ClientEvent read_create(const json& event, const ClientRules& rules)
{
    Create create;
    Fields fields(event);
    if (!read_lane(event, create, rules, fields))
        return Refusal{*fields.error(), {}};
    fields.text("model", create.model);
    if (create.model.empty() && !field(event, "prompt"))
        fields.refuse(missing_parameter("model"));
    fields.text("previous_response_id", create.parent);
    read_conversation(event, create, fields);
    read_input_field(event, create, fields);
    read_tool_fields(event, create, fields);
    read_warm_up(event, create, fields);
    read_tier(create, fields);
    fields.flag("store", create.store);
    create.compacts = fields.array("context_management") != nullptr;
    bool background = false;
    fields.flag("background", background);
    if (background)
        fields.refuse(unsupported_parameter("background"));
    if (rules.http)
        read_stream(event, create, fields);
    check_abilities(event, create, rules, fields);
    create.store = create.store && rules.stores;
    if (fields.error())
        return Refusal{*fields.error(), create.lane};
    return create;
}

} // namespace turngate::sim
