#include "client_event.hpp"

#include "create_fields.hpp"
#include "json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace turngate::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 1000; // documents are also walked recursively

bool is_too_deep(std::string_view text) noexcept
{
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"')
            in_string = !in_string;
        else if (in_string)
            i += text[i] == '\\' ? 1 : 0;
        else if (text[i] == '{' || text[i] == '[')
            depth++;
        else if (text[i] == '}' || text[i] == ']')
            depth -= depth > 0 ? 1 : 0;
        if (depth > kDeepest)
            return true;
    }
    return false;
}

bool is_user_message(const json& item)
{
    return item.is_object() && item.value("type", json("message")) == "message" &&
           item.value("role", json()) == "user" && item.contains("content");
}

bool can_steer(const json& input)
{
    if (input.is_string())
        return true;
    return input.is_array() && !input.empty() &&
           std::all_of(input.begin(), input.end(), is_user_message);
}

std::optional<Error> unexpected_field(const json& event,
                                      std::initializer_list<std::string_view> known)
{
    for (const auto& [name, value] : event.items())
        if (std::find(known.begin(), known.end(), name) == known.end())
            return unknown_parameter(name);
    return std::nullopt;
}

std::optional<Error> read_id(const json& event, const char* key, std::string& id)
{
    const auto found = event.find(key);
    if (found == event.end())
        return missing_parameter(key);
    if (!found->is_string())
        return invalid_type(key, "a string");
    id = found->get<std::string>();
    return std::nullopt;
}

ClientEvent read_steer(const json& event)
{
    if (auto error = unexpected_field(event, {"type", "previous_response_id", "input"}))
        return Refusal{std::move(*error), {}};
    Steer steer;
    if (auto error = read_id(event, "previous_response_id", steer.target))
        return Refusal{std::move(*error), {}};
    const json input = event.value("input", json());
    steer.is_valid = can_steer(input);
    steer.input_json = input.dump();
    if (steer.is_valid)
        steer.input = read_input(input);
    return steer;
}

ClientEvent read_interrupt(const json& event)
{
    Interrupt interrupt;
    if (auto error = read_id(event, "response_id", interrupt.target))
        return Refusal{std::move(*error), {}};
    if (event.value("mode", json()) != "discard_partial_items")
        return Refusal{invalid_type("mode", "'discard_partial_items'"), {}};
    return interrupt;
}

ClientEvent read_inject(const json& event)
{
    Inject inject;
    if (auto error = read_id(event, "response_id", inject.target))
        return Refusal{std::move(*error), {}};
    const json input = event.value("input", json());
    if (!input.is_array())
        return Refusal{invalid_type("input", "an array of items"), {}};
    inject.input = read_input(input);
    inject.input_json = input.dump();
    return inject;
}

ClientEvent read_post(const json& event, const ClientRules& rules)
{
    for (const char* name : {"type", "stream_id", "generate"})
        if (event.contains(name))
            return Refusal{unknown_parameter(name), {}};
    return read_create(event, rules);
}

} // namespace

ClientEvent read_client_event(std::string_view text, const ClientRules& rules)
{
    json event =
        is_too_deep(text) ? json(json::value_t::discarded) : json::parse(text, nullptr, false);
    if (event.is_discarded() && !is_too_deep(text))
        event = json::parse(with_whole_pairs(text), nullptr, false);
    if (event.is_discarded())
        return Refusal{invalid_json(), {}};
    if (!event.is_object())
        return Refusal{invalid_type("type", "an object with a type"), {}};
    if (rules.http)
        return read_post(event, rules);
    std::string type;
    if (auto error = read_id(event, "type", type))
        return Refusal{std::move(*error), {}};
    if (type == "response.create")
        return read_create(event, rules);
    if (type == "response.steer")
        return read_steer(event);
    if (type == "response.interrupt")
        return read_interrupt(event);
    if (type == "response.inject" && rules.multi_agent)
        return read_inject(event);
    if (type == "response.processed")
        return Processed{};
    return Refusal{unknown_event(type), {}};
}

bool is_lane_name(std::string_view name) noexcept
{
    return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '.' || c == '-';
    });
}

} // namespace turngate::sim
