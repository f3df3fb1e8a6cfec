#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::sim {

// A function tool, as far as the sim calls it by itself.
struct Tool
{
    struct Property
    {
        std::string name;
        std::string type;         // of JSON Schema; empty: unknown
        std::string first_choice; // the first of an enum of strings
    };

    std::string name;
    std::vector<Property> required;
};

using Tools = std::shared_ptr<const std::vector<Tool>>;

Tools read_tools(const nlohmann::json& tools);

// Whether the text has a word of the tool's name: "weather" for get_weather. Words below four
// letters do not count.
bool is_about(std::string_view text, const Tool& tool);

// Arguments for the required properties. Strings: the text's last capitalised word.
std::string invent_arguments(const Tool& tool, std::string_view text);

} // namespace turngate::sim
