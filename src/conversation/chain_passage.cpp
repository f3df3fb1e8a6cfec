#include "chain_passage.hpp"

#include "turngate/conversation/chain_item.hpp"

#include <algorithm>
#include <utility>

namespace turngate::conversation {
namespace {

constexpr std::size_t kMostOpen = 256; // calls; more are the sign of a client that answers none

// A string input is what the API makes of it: one message of the user. The string stays as sent.
constexpr std::string_view kBeforeText =
    R"({"type":"message","role":"user","content":[{"type":"input_text","text":)";
constexpr std::string_view kAfterText = "}]}";

std::string message_of(std::string_view text)
{
    std::string message(kBeforeText);
    message.append(text).append(kAfterText);
    return message;
}

// At most this much of passage; taking fields off only makes it less.
std::size_t bound_of(std::string_view input, std::span<const std::string> outputs)
{
    std::size_t bytes = input.size() + 1;
    if (input.starts_with('"'))
        bytes += kBeforeText.size() + kAfterText.size();
    for (const std::string& output : outputs)
        bytes += output.size() + 1;
    return bytes;
}

class PassageScan
{
public:
    PassageScan(protocol::ItemReader& reader, std::vector<OpenCall> open) : reader_(reader)
    {
        passage_.open = std::move(open);
        for (OpenCall& call : passage_.open)
            call.is_fresh = false;
    }

    void reserve(std::size_t bytes) { passage_.items.reserve(bytes); }

    void add_input(std::string_view input)
    {
        if (input.empty() || input == "null")
            return;
        if (input.starts_with('"'))
            return add_item(message_of(input));
        if (const auto items = reader_.read_items(input))
            std::ranges::for_each(*items, [this](const auto& item) { add(item); });
        else
            passage_.is_lost = true;
    }

    void add_outputs(std::span<const std::string> outputs)
    {
        is_answer_ = true;
        const std::size_t begin = passage_.items.size();
        for (const std::string& output : outputs)
            add_item(output);
        drop_trailing_reasoning(begin);
    }

    Passage finish()
    {
        if (passage_.open.size() > kMostOpen) {
            passage_.is_lost = true;
            passage_.open.erase(passage_.open.begin(), passage_.open.end() - kMostOpen);
        }
        return std::move(passage_);
    }

private:
    void add_item(std::string_view text)
    {
        if (const auto item = reader_.read_item(text))
            add(*item);
        else
            passage_.is_lost = true;
    }

    void add(const protocol::Item& item)
    {
        const ItemVerdict verdict = judge(item);
        keep_pair(verdict);
        const std::size_t begin = passage_.items.size();
        switch (verdict.fate) {
        case ItemFate::kept:
            return write(item, verdict);
        case ItemFate::personal:
            write(item, verdict);
            return passage_.personal.push_back({begin, passage_.items.size()});
        case ItemFate::bound:
            passage_.is_bound = true;
            return write(item, verdict);
        case ItemFate::left_out:
            return;
        case ItemFate::lost:
            passage_.is_lost = true;
            return;
        }
    }

    void write(const protocol::Item& item, const ItemVerdict& verdict)
    {
        if (verdict.edits.empty())
            passage_.items.append(item.text);
        else
            passage_.items.append(protocol::apply(item.text, verdict.edits));
        passage_.items.push_back(',');
    }

    void keep_pair(const ItemVerdict& verdict)
    {
        if (verdict.call_id.empty())
            return;
        switch (verdict.part) {
        case ItemPart::other:
            return;
        case ItemPart::call:
        case ItemPart::offer:
            passage_.calls.emplace_back(verdict.call_id);
            passage_.open.push_back(
                {std::string(verdict.call_id), verdict.part == ItemPart::call, is_answer_});
            return;
        case ItemPart::output:
            return answer(verdict.call_id);
        }
    }

    void answer(std::string_view call_id)
    {
        const auto call = std::ranges::find(passage_.open, call_id, &OpenCall::id);
        if (call == passage_.open.end())
            passage_.is_lost = true; // nothing in the context that it answers
        else
            passage_.open.erase(call);
    }

    // Reasoning "without its required following item" is refused when sent again.
    void drop_trailing_reasoning(std::size_t begin)
    {
        auto& personal = passage_.personal;
        while (!personal.empty() && personal.back().begin >= begin &&
               personal.back().end == passage_.items.size()) {
            passage_.items.resize(personal.back().begin);
            personal.pop_back();
        }
    }

    protocol::ItemReader& reader_;
    Passage passage_;
    bool is_answer_ = false;
};

} // namespace

void Passage::append_to(std::string& context, bool is_own_account) const
{
    if (is_own_account) {
        context.append(items);
        return;
    }
    std::size_t at = 0;
    for (const Range& reasoning : personal) {
        context.append(items, at, reasoning.begin - at);
        at = reasoning.end;
    }
    context.append(items, at);
}

Passage read_passage(protocol::ItemReader& reader,
                     std::vector<OpenCall> open,
                     std::string_view input,
                     std::span<const std::string> outputs)
{
    PassageScan scan(reader, std::move(open));
    scan.reserve(bound_of(input, outputs));
    scan.add_input(input);
    scan.add_outputs(outputs);
    return scan.finish();
}

} // namespace turngate::conversation
