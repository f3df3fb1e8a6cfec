#include "script_item.hpp"

#include "script_object.hpp"

namespace turngate::sim {
namespace {

using nlohmann::json;

// Arguments may be given as the text they are, or as the object they mean.
std::string text_or_json(ScriptObject& object, const char* key)
{
    const json* value = object.find(key);
    if (!value)
        return "{}";
    return value->is_string() ? value->get<std::string>() : value->dump();
}

void read_call(const json& source, const std::string& place, Item& item, const char* text_key)
{
    ScriptObject object(source, place);
    item.name = object.get<std::string>("name").value_or("");
    if (item.name.empty())
        object.fail("has no 'name'");
    item.text = text_or_json(object, text_key);
    item.call_id = object.get<std::string>("call_id").value_or("");
    object.finish();
}

void read_shell_call(const json& source, const std::string& place, Item& item)
{
    ScriptObject object(source, place);
    item.kind = Item::Kind::shell_call;
    item.text = text_or_json(object, "action");
    item.call_id = object.get<std::string>("call_id").value_or("");
    object.finish();
}

void read_reasoning(const json& source, const std::string& place, Item& item)
{
    ScriptObject object(source, place);
    item.kind = Item::Kind::reasoning;
    item.text = object.get<std::string>("summary").value_or("");
    item.encrypted_content = object.get<std::string>("encrypted_content").value_or("");
    if (const auto tokens = object.get<unsigned>("tokens"))
        item.tokens = *tokens;
    object.finish();
}

void read_search(const json& source, const std::string& place, Item& item)
{
    ScriptObject object(source, place);
    item.kind = Item::Kind::web_search;
    const json action{{"type", "search"}, {"query", object.get<std::string>("query").value_or("")}};
    item.text = action.dump();
    object.finish();
}

void read_verbatim(const json& source, const std::string& place, Item& item)
{
    ScriptObject object(source, place);
    item.kind = Item::Kind::verbatim;
    item.type = object.get<std::string>("type").value_or("");
    if (item.type.empty())
        object.fail("has no 'type'");
    item.id = object.get<std::string>("id").value_or("");
    item.call_id = object.get<std::string>("call_id").value_or("");
    json rest = source;
    rest.erase("id");
    item.text = "," + rest.dump().substr(1);
    item.text.pop_back();
}

bool read_kind(ScriptObject& object, Item& item)
{
    if (const json* text = object.find("text")) {
        if (!text->is_string())
            object.fail("text must be a string");
        item.text = text->get<std::string>();
    } else if (const json* call = object.find("call")) {
        item.kind = Item::Kind::call;
        read_call(*call, object.place("call"), item, "arguments");
    } else if (const json* custom = object.find("custom_call")) {
        item.kind = Item::Kind::custom_call;
        read_call(*custom, object.place("custom_call"), item, "input");
    } else if (const json* shell = object.find("shell_call")) {
        read_shell_call(*shell, object.place("shell_call"), item);
    } else if (const json* reasoning = object.find("reasoning")) {
        read_reasoning(*reasoning, object.place("reasoning"), item);
    } else if (const json* search = object.find("web_search")) {
        read_search(*search, object.place("web_search"), item);
    } else if (const json* verbatim = object.find("item")) {
        read_verbatim(*verbatim, object.place("item"), item);
    } else if (object.get<bool>("wait_for_outputs").value_or(false)) {
        item.kind = Item::Kind::wait;
    } else {
        return false;
    }
    return true;
}

Item read_item(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    Item item;
    if (!read_kind(object, item))
        object.fail("is none of text, call, custom_call, shell_call, reasoning, web_search, "
                    "item, wait_for_outputs");
    item.delay = object.milliseconds("delay_ms");
    item.is_silent = object.get<bool>("silent").value_or(false);
    object.finish();
    return item;
}

} // namespace

std::vector<Item> read_items(const json& list, const std::string& place)
{
    if (!list.is_array())
        throw std::runtime_error(place + ": must be an array");
    std::vector<Item> items;
    for (std::size_t i = 0; i < list.size(); ++i)
        items.push_back(read_item(list[i], place + "[" + std::to_string(i) + "]"));
    return items;
}

} // namespace turngate::sim
