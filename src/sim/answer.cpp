#include "answer.hpp"

#include "json_text.hpp"
#include "seal.hpp"

#include <utility>

namespace turngate::sim {
namespace {

constexpr std::size_t kQuote = 60; // bytes of a user's text

const std::vector<Tool>& tools_of(const Start& start)
{
    static const std::vector<Tool> none;
    if (start.create.tools)
        return *start.create.tools;
    return start.parent && start.parent->tools ? *start.parent->tools : none;
}

// The tool to be called; null: none.
const Tool* chosen_tool(const Start& start)
{
    const Create& create = start.create;
    if (create.tool_choice == R"("none")" || create.input.last != Input::Last::user_text)
        return nullptr;
    const bool must = create.tool_choice == R"("required")";
    for (const Tool& tool : tools_of(start)) {
        if (create.forced_tool.empty() ? must || is_about(create.input.user_text, tool)
                                       : tool.name == create.forced_tool)
            return &tool;
    }
    return nullptr;
}

std::string opening(const Input& input, std::size_t room)
{
    std::string text;
    if (input.last == Input::Last::tool_output) {
        text = "The tool says: ";
        text.append(input.tool_output,
                    0,
                    cut_point(input.tool_output, room > text.size() ? room - text.size() : 0));
        return text;
    }
    text = "You said: ";
    text.append(input.user_text, 0, cut_point(input.user_text, kQuote));
    return text;
}

Item improvise(const Start& start, const Pacing& pacing, Words& words)
{
    Item item;
    const Input& input = start.create.input;
    if (const Tool* tool = chosen_tool(start)) {
        item.kind = Item::Kind::call;
        item.name = tool->name;
        item.text = invent_arguments(*tool, input.user_text);
        return item;
    }
    const std::size_t bytes = std::size_t(pacing.deltas) * pacing.delta_bytes;
    item.text = words.fill(opening(input, bytes), bytes);
    return item;
}

void give_ids(Item& item, Ids& ids, const std::string& seal)
{
    if (item.id.empty() && item.kind != Item::Kind::wait)
        item.id = ids.make(wording(item.kind).id_prefix);
    if (item.call_id.empty() && item.is_call())
        item.call_id = ids.make("call");
    if (item.encrypted_content.empty() && item.kind == Item::Kind::reasoning)
        item.encrypted_content = ids.make(seal_prefix(seal));
}

} // namespace

std::vector<Item> make_answer(const Start& start,
                              const Act* act,
                              const Pacing& pacing,
                              Words& words,
                              Ids& ids,
                              const std::string& seal)
{
    std::vector<Item> items;
    if (!start.create.generate)
        return items;
    if (act && act->answer)
        items = *act->answer;
    else
        items.push_back(improvise(start, pacing, words));
    for (Item& item : items)
        give_ids(item, ids, seal);
    return items;
}

} // namespace turngate::sim
