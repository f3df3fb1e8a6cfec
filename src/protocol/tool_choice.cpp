#include "tool_choice.hpp"

#include "object_fields.hpp"

#include <algorithm>

namespace turngate::protocol {
namespace {

bool is_among(const std::vector<std::string_view>& all, std::string_view one)
{
    return std::ranges::find(all, one) != all.end();
}

// Of a tool, or of a choice.
struct Named
{
    std::string_view type, name, tools;
};

Named named(std::string_view object)
{
    Named its;
    if (!object.starts_with('{'))
        return its;
    each_field(object, [&](std::string_view key, std::string_view value) {
        if (key == "type")
            its.type = body_of(value);
        else if (key == "name")
            its.name = body_of(value);
        else if (key == "tools")
            its.tools = value;
    });
    return its;
}

void add_names(std::vector<std::string_view>& to, const Named& tool)
{
    if (!tool.name.empty())
        to.push_back(tool.name);
    each_item_of(tool.tools, [&](std::string_view its) { // of a namespace
        if (const auto name = named(its).name; !name.empty())
            to.push_back(name);
    });
}

} // namespace

ToolChoice ToolChoice::for_create(std::string_view create, const HttpWants& wants)
{
    ToolChoice made;
    const bool drops_all = std::ranges::find(wants.fields, "tools") != wants.fields.end();
    if (wants.tools.empty() && !drops_all)
        return made;
    each_field(create, [&](std::string_view key, std::string_view value) {
        if (key == "tools")
            each_item_of(value, [&](std::string_view tool) {
                const Named its = named(tool);
                const bool is_gone =
                    drops_all || std::ranges::find(wants.tools, its.type) != wants.tools.end();
                add_names(is_gone ? made.gone_names_ : made.kept_names_, its);
                if (is_gone)
                    made.gone_types_.push_back(its.type);
                else
                    made.is_any_kept_ = true;
            });
    });
    return made;
}

bool ToolChoice::is_gone(std::string_view tool) const
{
    const Named its = named(tool);
    if (!its.name.empty())
        return is_among(gone_names_, its.name) && !is_among(kept_names_, its.name);
    return is_among(gone_types_, its.type);
}

// Of those that may be called, the ones that are there. None of them: then none may be.
std::string ToolChoice::allowed(std::string_view choice) const
{
    std::string left = "{";
    bool has_any = false;
    each_field(choice, [&](std::string_view key, std::string_view value) {
        if (key != "tools") {
            append_field(left, key, value);
            return;
        }
        std::string tools = "[";
        each_item_of(value, [&](std::string_view tool) {
            if (is_gone(tool))
                return;
            tools.append(tools.size() > 1 ? "," : "").append(tool);
            has_any = true;
        });
        append_field(left, key, tools + "]");
    });
    return has_any ? left + "}" : R"("none")";
}

std::string ToolChoice::left_of(std::string_view choice) const
{
    if (gone_types_.empty())
        return std::string(choice);
    if (choice == R"("required")")
        return is_any_kept_ ? std::string(choice) : std::string();
    if (named(choice).type == "allowed_tools")
        return allowed(choice);
    return is_gone(choice) ? std::string() : std::string(choice);
}

} // namespace turngate::protocol
