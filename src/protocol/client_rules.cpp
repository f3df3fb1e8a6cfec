#include "client_rules.hpp"

#include "client_values.hpp"
#include "json_text.hpp"

#include "turngate/core/bytes.hpp"

#include <algorithm>
#include <utility>

namespace turngate::protocol {
namespace {

using core::FaultCode;

// The rules, in the order they are asked. Each reads its fields into the event.

Complaint refuse_ambiguous(const ClientFields& fields, ClientEvent&)
{
    const auto first = std::ranges::find(fields.all, true, &NamedField::is_ambiguous);
    const std::string param =
        first == fields.all.end()
            ? fields.ambiguous
            : std::string(name_of(static_cast<Field>(first - fields.all.begin())));
    if (param.empty())
        return {};
    return Rejection{FaultCode::invalid_request,
                     "'" + param + "' may be given once, and in this spelling.",
                     param,
                     {}};
}

Complaint refuse_type(std::string_view type)
{
    std::string message = "Unsupported event type '" + core::clean_utf8(type, 64) + "'.";
    if (type == "response.append")
        message = "'response.append' is not supported. Send 'response.create' with "
                  "'previous_response_id' instead.";
    return Rejection{FaultCode::unsupported_event, std::move(message), "type", {}};
}

Complaint read_type(const ClientFields& fields, ClientEvent& event)
{
    static constexpr std::pair<std::string_view, ClientEventType> kTypes[] = {
        {"response.create", ClientEventType::create},
        {"response.steer", ClientEventType::steer},
        {"response.interrupt", ClientEventType::interrupt},
        {"response.inject", ClientEventType::inject},
        {"response.processed", ClientEventType::processed},
        {"response.cancel", ClientEventType::cancel},
    };
    if (!fields[Field::type].at) {
        if (fields[Field::model].at || fields[Field::input].at)
            return {}; // a create, sent as one would over HTTP
        return complain(Field::type, "Missing required field 'type'.");
    }
    if (!fields[Field::type].is_string())
        return complain(Field::type, "'type' must be a string.");
    const std::string type = fields[Field::type].text();
    const auto* const known = std::ranges::find(kTypes, type, [](auto& row) { return row.first; });
    if (known == std::end(kTypes))
        return refuse_type(type);
    event.type = known->second;
    return {};
}

std::optional<std::string> lane_in(const ClientFields& fields)
{
    std::string lane = fields[Field::stream_id].text();
    return is_lane_name(lane) ? std::optional(std::move(lane)) : std::nullopt;
}

Complaint read_lane(const ClientFields& fields, ClientEvent& event)
{
    if (!fields[Field::stream_id].is_given())
        return {};
    event.stream_id = lane_in(fields);
    if (event.stream_id)
        return {};
    return Rejection{FaultCode::invalid_stream_id,
                     "'stream_id' must be 1 to 256 characters of A-Z, a-z, 0-9, '_', '.' and '-'.",
                     "stream_id",
                     {}};
}

Complaint read_comparison(const ClientFields& fields, ClientEvent& event)
{
    static constexpr std::string_view kPath = "prompt_cache_options.comparison_response_id";
    const NamedField& id = fields.comparison_response_id;
    if (id.is_given() && !id.is_string())
        return Rejection{FaultCode::invalid_request,
                         "'" + std::string(kPath) + "' must be a string.",
                         std::string(kPath),
                         {}};
    event.comparison_response_id = id.text();
    return {};
}

Complaint read_strings(const ClientFields& fields, ClientEvent& event)
{
    std::string unused;
    const std::pair<Field, std::string&> wanted[] = {
        {Field::model, event.model},
        {Field::previous_response_id, event.previous_response_id},
        {Field::response_id, event.response_id},
        {Field::prompt_cache_key, event.prompt_cache_key},
        {Field::service_tier, event.service_tier},
        {Field::safety_identifier, unused},
    };
    for (const auto& [field, out] : wanted)
        if (auto complaint = read_string(fields, field, out))
            return complaint;
    return {};
}

Complaint read_settings(const ClientFields& fields, ClientEvent& event)
{
    if (auto complaint = read_switch(fields, Field::store, event.store))
        return complaint;
    if (auto complaint = read_switch(fields, Field::generate, event.generate))
        return complaint;
    return read_count(fields, Field::max_output_tokens, event.max_output_tokens);
}

Complaint check_shapes(const ClientFields& fields, ClientEvent& event)
{
    event.has_prompt = fields[Field::prompt].is_given();
    event.has_conversation = fields[Field::conversation].is_given();
    if (auto complaint = check_opening(fields, Field::prompt, "{", "an object"))
        return complaint;
    if (auto complaint = check_opening(fields, Field::conversation, "\"{", "a string or an object"))
        return complaint;
    return check_opening(fields, Field::input, "\"[", "a string or an array");
}

// A figure that is none limits nothing, and is for the upstream to refuse.
Complaint read_size(const ClientFields& fields, ClientEvent& event)
{
    event.size = fields.finds.size;
    event.size.is_open |= event.has_prompt || event.has_conversation || fields.has_item_reference;
    event.size.has_hosted_tools |= event.has_prompt;
    event.size.has_web_search |= event.has_prompt;
    const auto calls = whole_number<std::int64_t>(fields[Field::max_tool_calls].value);
    if (calls && *calls >= 0)
        event.max_tool_calls = calls;
    return {};
}

Complaint check_parent(const ClientFields&, ClientEvent& event)
{
    for (const std::string_view prefix : {"msg_", "item_", "chatcmpl"})
        if (event.previous_response_id.starts_with(prefix))
            return complain(
                Field::previous_response_id,
                "'previous_response_id' must be the id of a response, such as 'resp_...'.");
    return {};
}

Complaint check_create(ClientEvent& event)
{
    if (event.has_conversation && !event.previous_response_id.empty())
        return complain(Field::previous_response_id,
                        "'previous_response_id' and 'conversation' cannot be used together.");
    if (event.model.empty() && !event.has_prompt)
        return complain(Field::model, "Missing required field 'model'.");
    return {};
}

// Its kind has been checked before.
Complaint check_brings_input(const ClientFields& fields)
{
    if (!fields[Field::input].is_given())
        return complain(Field::input, "Missing required field 'input'.");
    if (is_empty_array(fields[Field::input]))
        return complain(Field::input, "'input' must have at least one item.");
    return {};
}

Complaint check_steer(const ClientFields& fields, ClientEvent& event)
{
    if (event.stream_id)
        return complain(Field::stream_id,
                        "'stream_id' cannot be given: the target response decides the lane.");
    if (event.previous_response_id.empty())
        return complain(Field::previous_response_id,
                        "Missing required field 'previous_response_id'.");
    return check_brings_input(fields);
}

Complaint check_inject(const ClientFields& fields, ClientEvent& event)
{
    if (event.response_id.empty())
        return complain(Field::response_id, "Missing required field 'response_id'.");
    if (auto complaint = check_brings_input(fields))
        return complaint;
    return check_opening(fields, Field::input, "[", "an array");
}

Complaint check_needs(const ClientFields& fields, ClientEvent& event)
{
    switch (event.type) {
    case ClientEventType::create:
        return check_create(event);
    case ClientEventType::steer:
        return check_steer(fields, event);
    case ClientEventType::inject:
        return check_inject(fields, event);
    case ClientEventType::interrupt:
        if (event.response_id.empty())
            return complain(Field::response_id, "Missing required field 'response_id'.");
        return {};
    case ClientEventType::processed:
    case ClientEventType::cancel:
        return {};
    }
    return {};
}

constexpr Complaint (*kRules[])(const ClientFields&, ClientEvent&) = {
    refuse_ambiguous,
    read_type,
    read_lane,
    read_strings,
    read_comparison,
    read_settings,
    check_shapes,
    read_size,
    check_parent,
    check_needs,
};

// The lane a rejection goes to. Two lane names are as good as none.
std::optional<std::string> lane_of(const ClientFields& fields)
{
    return fields[Field::stream_id].is_ambiguous ? std::nullopt : lane_in(fields);
}

void note_places(const ClientFields& fields, ClientEvent& event)
{
    event.at.type = fields[Field::type].at;
    event.at.stream_id = fields[Field::stream_id].at;
    event.at.model = fields[Field::model].at;
    event.at.previous_response_id = fields[Field::previous_response_id].at;
    event.at.input = fields[Field::input].at;
    event.at.service_tier = fields[Field::service_tier].at;
    event.at.store = fields[Field::store].at;
    event.at.safety_identifier = fields[Field::safety_identifier].at;
    event.at.generate = fields[Field::generate].at;
    event.at.stream = fields[Field::stream].at;
    event.at.stream_options = fields[Field::stream_options].at;
    event.at.background = fields[Field::background].at;
    if (fields[Field::client_metadata].value.starts_with('{'))
        event.at.client_metadata = fields[Field::client_metadata].at;
}

} // namespace

boost::system::result<ClientEvent, Rejection> judge(ClientFields fields)
{
    ClientEvent event;
    for (const auto rule : kRules) {
        if (auto complaint = rule(fields, event)) {
            complaint->stream_id = lane_of(fields);
            return std::move(*complaint);
        }
    }
    note_places(fields, event);
    event.tool_output_call_ids = std::move(fields.tool_output_call_ids);
    event.tool_call_ids = std::move(fields.tool_call_ids);
    event.container_ids = std::move(fields.finds.container_ids);
    event.has_item_reference = fields.has_item_reference;
    event.has_compaction = fields.has_compaction;
    event.has_compaction_trigger = fields.has_compaction_trigger;
    event.has_turn_state = fields.has_turn_state;
    return event;
}

} // namespace turngate::protocol
