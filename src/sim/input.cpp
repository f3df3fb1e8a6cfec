#include "input.hpp"

#include <nlohmann/json.hpp>

#include <iterator>
#include <string_view>
#include <utility>

namespace turngate::sim {
namespace {

using nlohmann::json;

constexpr std::string_view kOutput = "_output";

std::string text_at(const json& object, const char* key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Content is a string or an array of parts.
std::string text_of(const json& content)
{
    if (content.is_string())
        return content.get<std::string>();
    std::string text;
    if (content.is_array())
        for (const json& part : content)
            if (part.is_object())
                text.append(text_at(part, "text"));
    return text;
}

void read_message(const json& item, Input& input)
{
    if (text_at(item, "role") != "user") {
        input.last = Input::Last::other;
        return;
    }
    input.user_text = text_of(item.value("content", json()));
    input.last = Input::Last::user_text;
}

void read_output(const json& item, std::string_view type, Input& input)
{
    type.remove_suffix(kOutput.size());
    input.calls.push_back({{text_at(item, "call_id"), std::string(type), {}}, true});
    const json output = item.value("output", json());
    input.tool_output = output.is_object() ? output.dump() : text_of(output);
    input.last = Input::Last::tool_output;
}

void read_item(const json& item, Input& input)
{
    input.last = Input::Last::other;
    if (!item.is_object())
        return;
    const std::string type = text_at(item, "type");
    if (type.empty() || type == "message")
        read_message(item, input);
    else if (type.ends_with("_call_output"))
        read_output(item, type, input);
    else if (type == "reasoning" && !text_at(item, "encrypted_content").empty())
        input.sealed.push_back(text_at(item, "encrypted_content"));
    else if (type.ends_with("_call") && item.contains("call_id"))
        input.calls.push_back({{text_at(item, "call_id"), type, text_at(item, "name")}, false});
}

} // namespace

Input read_input(const json& input)
{
    Input read;
    if (input.is_null() || input.empty())
        return read;
    read.json = input.dump(-1, ' ', false, json::error_handler_t::replace);
    if (input.is_string()) {
        read.user_text = input.get<std::string>();
        read.last = Input::Last::user_text;
        return read;
    }
    for (const json& item : input)
        read_item(item, read);
    return read;
}

void Input::prepend(Input earlier)
{
    if (last == Last::nothing)
        last = earlier.last;
    if (user_text.empty())
        user_text = std::move(earlier.user_text);
    json.insert(0, earlier.json);
    sealed.insert(sealed.end(), earlier.sealed.begin(), earlier.sealed.end());
    calls.insert(calls.begin(),
                 std::make_move_iterator(earlier.calls.begin()),
                 std::make_move_iterator(earlier.calls.end()));
}

} // namespace turngate::sim
