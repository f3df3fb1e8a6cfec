#include "turngate/conversation/chain_item.hpp"

#include "open_calls.hpp"
#include "seal_text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace turngate::conversation {
namespace {

// What the server wrote into an item. An id means something on the account and connection that
// made it and is an error elsewhere ("Item with id … not found"), so it goes whatever `store`
// says. It stays where it is what the answer refers to. A status stays where the wire demands one.
enum class Marks : std::uint8_t { none, id, id_and_status };

struct Rule
{
    std::string_view type;
    ItemPart part = ItemPart::other;
    Marks marks = Marks::none;
};

constexpr Rule kRules[] = {
    {"message", ItemPart::other, Marks::id_and_status},
    {"reasoning", ItemPart::other, Marks::id_and_status},
    {"function_call", ItemPart::call, Marks::id_and_status},
    {"function_call_output", ItemPart::output, Marks::id_and_status},
    {"custom_tool_call", ItemPart::call, Marks::id_and_status},
    {"custom_tool_call_output", ItemPart::output, Marks::id_and_status},
    {"shell_call", ItemPart::call, Marks::id_and_status},
    {"shell_call_output", ItemPart::output, Marks::id_and_status},
    {"local_shell_call", ItemPart::call, Marks::id},
    {"local_shell_call_output", ItemPart::output, Marks::none},
    {"apply_patch_call", ItemPart::call, Marks::id},
    {"apply_patch_call_output", ItemPart::output, Marks::id},
    {"computer_call", ItemPart::call, Marks::none},
    {"computer_call_output", ItemPart::output, Marks::id_and_status},
    {"mcp_approval_request", ItemPart::offer, Marks::none},
    {"mcp_approval_response", ItemPart::output, Marks::id},
    {"web_search_call", ItemPart::other, Marks::id},
};

constexpr Rule kCompaction{"compaction", ItemPart::other, Marks::id_and_status};
constexpr std::string_view kCompactionTrigger = "compaction_trigger";
constexpr Rule kUnknownCall{"", ItemPart::offer};
constexpr Rule kUnknownOutput{"", ItemPart::output};
constexpr Rule kUnknown{};

// The response is over, so what has not come to its end never will.
constexpr std::string_view kFailed[] = {
    R"("failed")", R"("incomplete")", R"("cancelled")", R"("in_progress")"};

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
    switch (protocol::call_role(type).part) {
    case protocol::CallPart::none:
        return kUnknown;
    case protocol::CallPart::call:
        return kUnknownCall;
    case protocol::CallPart::output:
        return kUnknownOutput;
    }
    return kUnknown;
}

const Rule& rule_for(std::string_view type, const protocol::Item& item)
{
    const Rule* const known = std::ranges::find(kRules, type, &Rule::type);
    return known != std::end(kRules) ? *known : rule_for_unknown(type, item);
}

std::string_view name_of_call(std::string_view type, const protocol::Item& item, ItemPart part)
{
    if (part == ItemPart::other)
        return {};
    return protocol::call_name(
        protocol::call_role(type).key, item.call_id, item.id, item.approval_request_id);
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

bool holds_encrypted_content(const protocol::Item& item)
{
    std::string_view text = item.text;
    return item.has_encrypted_content || !next_seal(text).empty();
}

// Calls that a server answers itself have no partner to be named by.
bool is_failed_hosted_call(std::string_view type, const protocol::Item& item, const Rule& rule)
{
    if (!type.ends_with("_call") || rule.part != ItemPart::other)
        return false;
    const protocol::FieldSpan& at = item.at.status;
    const std::string_view status = item.text.substr(at.value_begin, at.value_end - at.value_begin);
    return std::ranges::find(kFailed, status) != std::end(kFailed);
}

ItemFate fate_of(std::string_view type, const protocol::Item& item, const Rule& rule)
{
    if (type == "item_reference")
        return ItemFate::lost;
    if (type == "reasoning")
        return item.has_encrypted_content ? ItemFate::personal : ItemFate::left_out;
    if (type == kCompactionTrigger)
        return ItemFate::once;
    if (is_failed_hosted_call(type, item, rule))
        return ItemFate::failed;
    if (!holds_encrypted_content(item))
        return ItemFate::kept;
    return type.starts_with(kCompaction.type) ? ItemFate::beginning : ItemFate::bound;
}

} // namespace

ItemVerdict judge(const protocol::Item& item)
{
    const std::string_view type = type_of(item);
    const Rule& rule = rule_for(type, item);
    const std::string_view call = name_of_call(type, item, rule.part);
    ItemVerdict verdict{fate_of(type, item, rule), rule.part, call, {}};
    const bool goes_by_its_id = call.data() == item.id.data(); // so the answer refers to it
    if (rule.part != ItemPart::other && call.empty())
        verdict.fate = ItemFate::lost; // who could say what answers what
    else if (!goes_by_its_id)
        verdict.edits = take_off(item, rule.marks);
    return verdict;
}

void append_item(std::string& list, const protocol::Item& item, const ItemVerdict& verdict)
{
    if (verdict.edits.empty())
        list.append(item.text);
    else
        list.append(protocol::apply(item.text, verdict.edits));
    list.push_back(',');
}

std::vector<std::string> calls_in(protocol::ItemReader& reader, std::span<const std::string> items)
{
    OpenCalls calls;
    for (const std::string& text : items) {
        if (text.find("call_id") == text.npos && text.find("_call") == text.npos &&
            text.find("_request\"") == text.npos)
            continue; // a message or reasoning, mostly: not worth parsing
        const auto item = reader.read_item(text);
        if (!item)
            continue;
        const ItemVerdict verdict = judge(*item);
        if (verdict.part == ItemPart::output)
            calls.answer(verdict.call_id);
        else if (verdict.part != ItemPart::other && !verdict.call_id.empty())
            calls.open({std::string(verdict.call_id)});
    }
    std::vector<std::string> ids;
    for (OpenCall& call : calls.take())
        ids.push_back(std::move(call.id));
    return ids;
}

bool are_among(std::span<const std::string> few, std::span<const std::string> all)
{
    std::vector<std::string_view> sorted(all.begin(), all.end());
    std::ranges::sort(sorted);
    return std::ranges::all_of(few, [&](const std::string& one) {
        return std::ranges::binary_search(sorted, std::string_view(one));
    });
}

} // namespace turngate::conversation
