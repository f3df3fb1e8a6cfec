#include "read.hpp"

#include "file.hpp"

#include <nlohmann/json.hpp>

namespace turngate::config {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 4 << 20; // goes into every answer of GET /models

// Codex takes no list in which an entry lacks one (http.md section 9.4).
constexpr const char* kNeeded[] = {"slug",
                                   "display_name",
                                   "supported_reasoning_levels",
                                   "shell_type",
                                   "visibility",
                                   "supported_in_api",
                                   "priority",
                                   "base_instructions",
                                   "support_verbosity",
                                   "truncation_policy",
                                   "experimental_supported_tools"};

// What is wrong with the entry; empty: nothing.
std::string fault_of(const json& entry, std::size_t number)
{
    const std::string which = "its entry " + std::to_string(number + 1) + " ";
    if (!entry.is_object())
        return which + "is no object";
    for (const char* const name : kNeeded)
        if (!entry.contains(name))
            return which + "has no " + name + ", and Codex takes none of them then";
    return {};
}

// The list itself, or an object that has it as `models`, as an answer of GET /models does.
std::string read_catalogue(const std::string& text, std::string& out)
{
    if (text.size() > kMostBytes)
        return "has more than 4 MiB";
    json list = json::parse(text, nullptr, false);
    if (list.is_object() && list.contains("models"))
        list = json(list["models"]);
    if (!list.is_array())
        return "is neither a JSON list of models nor an object with one";
    for (std::size_t i = 0; i < list.size(); ++i)
        if (auto fault = fault_of(list[i], i); !fault.empty())
            return fault;
    out = list.dump();
    return {};
}

} // namespace

void read_models(Section models, Models& out)
{
    const Value value = models["catalogue"];
    std::string path;
    if (!value.filled())
        return;
    value.read_path(path);
    FileText file = read_file(path);
    if (file.fault.empty())
        file.fault = read_catalogue(file.text, out.catalogue);
    if (!file.fault.empty())
        value.complain("the file " + path + " " + file.fault);
}

} // namespace turngate::config
