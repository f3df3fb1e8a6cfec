#include "chain_item.hpp"

#include <algorithm>
#include <iterator>

namespace turngate::gateway {
namespace {

// What the server wrote into an item. An id means something on the account and connection that
// made it and is an error elsewhere ("Item with id … not found"), so it goes whatever `store`
// says. It stays where it is what the answer refers to. A status stays where the wire demands one.
enum class Marks : std::uint8_t { none, id, id_and_status };

enum class Key : std::uint8_t { none, call_id, id, call_id_or_id, approval_request_id };

struct Rule
{
    std::string_view type;
    ItemPart part = ItemPart::other;
    Key key = Key::none;
    Marks marks = Marks::none;
};

constexpr Rule kRules[] = {
    {"message", ItemPart::other, Key::none, Marks::id_and_status},
    {"reasoning", ItemPart::other, Key::none, Marks::id_and_status},
    {"function_call", ItemPart::call, Key::call_id, Marks::id_and_status},
    {"function_call_output", ItemPart::output, Key::call_id, Marks::id_and_status},
    {"custom_tool_call", ItemPart::call, Key::call_id, Marks::id_and_status},
    {"custom_tool_call_output", ItemPart::output, Key::call_id, Marks::id_and_status},
    {"shell_call", ItemPart::call, Key::call_id, Marks::id_and_status},
    {"shell_call_output", ItemPart::output, Key::call_id, Marks::id_and_status},
    {"local_shell_call", ItemPart::call, Key::call_id, Marks::id},
    {"local_shell_call_output", ItemPart::output, Key::call_id_or_id, Marks::none},
    {"apply_patch_call", ItemPart::call, Key::call_id, Marks::id},
    {"apply_patch_call_output", ItemPart::output, Key::call_id, Marks::id},
    {"computer_call", ItemPart::call, Key::call_id, Marks::none},
    {"computer_call_output", ItemPart::output, Key::call_id, Marks::id_and_status},
    {"mcp_approval_request", ItemPart::offer, Key::id, Marks::none},
    {"mcp_approval_response", ItemPart::output, Key::approval_request_id, Marks::id},
    {"web_search_call", ItemPart::other, Key::none, Marks::id},
};

constexpr Rule kCompaction{"compaction", ItemPart::other, Key::none, Marks::id_and_status};
constexpr Rule kUnknownCall{"", ItemPart::offer, Key::call_id};
constexpr Rule kUnknownOutput{"", ItemPart::output, Key::call_id};
constexpr Rule kUnknown{};

// The type may be left out of messages and of references to items.
std::string_view type_of(const protocol::Item& item)
{
    if (!item.type.empty())
        return item.type;
    return item.has_role ? "message" : "item_reference";
}

const Rule& rule_for_unknown(std::string_view type, const protocol::Item& item)
{
    if (type.starts_with(kCompaction.type))
        return kCompaction;
    if (item.call_id.empty())
        return kUnknown;
    if (type.ends_with("_output"))
        return kUnknownOutput;
    return type.ends_with("_call") ? kUnknownCall : kUnknown;
}

const Rule& rule_for(std::string_view type, const protocol::Item& item)
{
    const Rule* const known = std::ranges::find(kRules, type, &Rule::type);
    return known != std::end(kRules) ? *known : rule_for_unknown(type, item);
}

std::string_view key_of(const protocol::Item& item, Key key)
{
    switch (key) {
    case Key::none:
        return {};
    case Key::call_id:
        return item.call_id;
    case Key::id:
        return item.id;
    case Key::call_id_or_id:
        return item.call_id.empty() ? item.id : item.call_id;
    case Key::approval_request_id:
        return item.approval_request_id;
    }
    return {};
}

protocol::Edits take_off(const protocol::Item& item, Marks marks)
{
    switch (marks) {
    case Marks::none:
        return {};
    case Marks::id:
        return protocol::remove_all(item.text, {item.at.id});
    case Marks::id_and_status:
        return protocol::remove_all(item.text, {item.at.id, item.at.status});
    }
    return {};
}

// At any depth. Within a string the quotes would have backslashes before them.
bool holds_encrypted_content(const protocol::Item& item)
{
    return item.has_encrypted_content ||
           item.text.find("\"encrypted_content\"") != std::string_view::npos;
}

ItemFate fate_of(std::string_view type, const protocol::Item& item)
{
    if (type == "item_reference")
        return ItemFate::lost;
    if (type == "reasoning")
        return item.has_encrypted_content ? ItemFate::personal : ItemFate::left_out;
    return holds_encrypted_content(item) ? ItemFate::bound : ItemFate::kept;
}

} // namespace

ItemVerdict judge(const protocol::Item& item)
{
    const std::string_view type = type_of(item);
    const Rule& rule = rule_for(type, item);
    ItemVerdict verdict{fate_of(type, item), rule.part, key_of(item, rule.key), {}};
    if (rule.part != ItemPart::other && verdict.call_id.empty())
        verdict.fate = ItemFate::lost; // who could say what answers what
    else
        verdict.edits = take_off(item, rule.marks);
    return verdict;
}

} // namespace turngate::gateway
