#include "tool.hpp"

#include "json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace turngate::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kShortWord = 4;

bool is_letter(char c)
{
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

bool is_upper(char c)
{
    return std::isupper(static_cast<unsigned char>(c)) != 0;
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(
        out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

std::vector<std::string_view> words_of(std::string_view text)
{
    std::vector<std::string_view> words;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && is_letter(text[i]))
            continue;
        if (i > begin)
            words.push_back(text.substr(begin, i - begin));
        begin = i + 1;
    }
    return words;
}

std::string last_capitalised(std::string_view text)
{
    const auto words = words_of(text);
    const auto found = std::find_if(
        words.rbegin(), words.rend(), [](std::string_view word) { return is_upper(word.front()); });
    return found == words.rend() ? "example" : std::string(*found);
}

Tool::Property read_property(const std::string& name, const json& properties)
{
    Tool::Property property{name, {}, {}};
    const auto found = properties.find(name);
    if (found == properties.end() || !found->is_object())
        return property;
    if (const auto type = found->find("type"); type != found->end() && type->is_string())
        property.type = type->get<std::string>();
    if (const auto choices = found->find("enum"); choices != found->end() && choices->is_array())
        if (!choices->empty() && choices->front().is_string())
            property.first_choice = choices->front().get<std::string>();
    return property;
}

Tool read_tool(const json& tool)
{
    Tool read{tool["name"].get<std::string>(), {}};
    const auto parameters = tool.find("parameters");
    if (parameters == tool.end() || !parameters->is_object())
        return read;
    const json properties = parameters->value("properties", json::object());
    const auto required = parameters->find("required");
    if (required == parameters->end() || !required->is_array() || !properties.is_object())
        return read;
    for (const json& name : *required)
        if (name.is_string())
            read.required.push_back(read_property(name.get<std::string>(), properties));
    return read;
}

std::string invent_value(const Tool::Property& property, std::string_view text)
{
    if (!property.first_choice.empty())
        return in_quotes(property.first_choice);
    if (property.type == "number" || property.type == "integer")
        return "1";
    if (property.type == "boolean")
        return "true";
    if (property.type == "array")
        return "[]";
    if (property.type == "object")
        return "{}";
    return in_quotes(last_capitalised(text));
}

} // namespace

Tools read_tools(const json& tools)
{
    auto read = std::make_shared<std::vector<Tool>>();
    for (const json& tool : tools) {
        if (!tool.is_object() || tool.value("type", json()) != "function")
            continue;
        if (const auto name = tool.find("name"); name != tool.end() && name->is_string())
            read->push_back(read_tool(tool));
    }
    return read;
}

bool is_about(std::string_view text, const Tool& tool)
{
    const std::string asked = lower(text);
    for (const std::string_view word : words_of(tool.name))
        if (word.size() >= kShortWord && asked.find(lower(word)) != std::string::npos)
            return true;
    return false;
}

std::string invent_arguments(const Tool& tool, std::string_view text)
{
    std::string out = "{";
    for (const Tool::Property& property : tool.required) {
        if (out.size() > 1)
            out.push_back(',');
        append_quoted(out, property.name);
        out.append(":").append(invent_value(property, text));
    }
    out.push_back('}');
    return out;
}

} // namespace turngate::sim
