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

enum class Source : std::uint8_t { past_input, next_input, answer };

class PassageScan
{
public:
    PassageScan(const PassageReader& with, const Passage* before, std::size_t bytes)
        : with_(with), before_(before)
    {
        passage_.items.reserve(bytes);
    }

    void add_input(std::string_view input, Source source)
    {
        source_ = source;
        if (input.empty() || input == "null")
            return inherit_calls();
        if (!input.starts_with('"'))
            return add_items(input);
        inherit_calls();
        add_item(message_of(input));
    }

    void add_outputs(std::span<const std::string> outputs)
    {
        source_ = Source::answer;
        answer_begin_ = passage_.items.size();
        for (const std::string& output : outputs)
            add_item(output);
        drop_trailing_reasoning();
    }

    Passage finish()
    {
        auto& open = passage_.open;
        open = calls_.take();
        if (open.size() > kMostOpen) {
            passage_.is_lost = true;
            open.erase(open.begin(), open.end() - kMostOpen);
        }
        open.shrink_to_fit(); // it had room for all that were answered
        return std::move(passage_);
    }

private:
    void add_items(std::string_view input)
    {
        const auto items = with_.items.read_items(input);
        if (!items) {
            passage_.is_lost = true;
            return inherit_calls();
        }
        std::vector<ItemVerdict> verdicts;
        verdicts.reserve(items->size());
        for (const protocol::Item& item : *items)
            verdicts.push_back(judge(item));
        passage_.is_beginning = std::ranges::any_of(verdicts, [](const ItemVerdict& verdict) {
            return verdict.fate == ItemFate::beginning;
        });
        if (!passage_.is_beginning)
            inherit_calls();
        for (std::size_t at = 0; at < verdicts.size(); ++at)
            add((*items)[at], verdicts[at]);
    }

    void inherit_calls()
    {
        if (!before_)
            return;
        passage_.has_hidden_calls = before_->has_hidden_calls;
        for (OpenCall call : before_->open) {
            call.is_fresh = false;
            calls_.open(std::move(call));
        }
    }

    void add_item(std::string_view text)
    {
        if (const auto item = with_.items.read_item(text))
            add(*item, judge(*item));
        else
            passage_.is_lost = true;
    }

    void add(const protocol::Item& item, const ItemVerdict& verdict)
    {
        keep_pair(verdict);
        passage_.adds_context |=
            verdict.fate != ItemFate::once && verdict.fate != ItemFate::left_out;
        switch (verdict.fate) {
        case ItemFate::kept:
            return append_item(passage_.items, item, verdict);
        case ItemFate::personal:
            return add_reasoning(item, verdict);
        case ItemFate::beginning:
            passage_.has_hidden_calls |= source_ != Source::answer;
            [[fallthrough]];
        case ItemFate::bound:
            bind_to(maker_of(item));
            return append_item(passage_.items, item, verdict);
        case ItemFate::once:
            if (source_ == Source::next_input)
                append_item(passage_.items, item, verdict);
            return;
        case ItemFate::failed:
            if (source_ != Source::answer)
                return append_item(passage_.items, item, verdict);
            return drop_trailing_reasoning();
        case ItemFate::left_out:
            return;
        case ItemFate::lost:
            passage_.is_lost = true;
            return;
        }
    }

    void add_reasoning(const protocol::Item& item, const ItemVerdict& verdict)
    {
        const std::size_t begin = passage_.items.size();
        const std::string_view maker = maker_of(item);
        append_item(passage_.items, item, verdict);
        passage_.reasoning.push_back(
            {begin, passage_.items.size(), std::string(maker == with_.account ? "" : maker)});
    }

    // An answer is its account's own; what a client sends may come from anywhere.
    std::string_view maker_of(const protocol::Item& item) const
    {
        if (source_ == Source::answer)
            return with_.account;
        const std::string* const known = with_.seals.sealed_by(with_.items, item.text);
        return known ? std::string_view(*known) : with_.account;
    }

    void bind_to(std::string_view account)
    {
        if (passage_.bound_to.empty())
            passage_.bound_to = account;
        else if (passage_.bound_to != account)
            passage_.is_lost = true; // two accounts would have to read it
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
            return calls_.open({std::string(verdict.call_id),
                                verdict.part == ItemPart::call,
                                source_ == Source::answer});
        case ItemPart::output:
            if (!calls_.answer(verdict.call_id) && !passage_.has_hidden_calls)
                passage_.is_lost = true; // nothing in the context that it answers
            return;
        }
    }

    // Reasoning "without its required following item" is refused when sent again.
    void drop_trailing_reasoning()
    {
        auto& reasoning = passage_.reasoning;
        while (!reasoning.empty() && reasoning.back().begin >= answer_begin_ &&
               reasoning.back().end == passage_.items.size()) {
            passage_.items.resize(reasoning.back().begin);
            reasoning.pop_back();
        }
    }

    const PassageReader& with_;
    const Passage* before_;
    Passage passage_;
    OpenCalls calls_;
    Source source_ = Source::past_input;
    std::size_t answer_begin_ = 0;
};

} // namespace

std::size_t Passage::heap_bytes() const noexcept
{
    std::size_t bytes = items.capacity() + reasoning.capacity() * sizeof(Reasoning);
    for (const Reasoning& part : reasoning)
        bytes += part.account.size();
    for (const OpenCall& call : open)
        bytes += sizeof(OpenCall) + 32 + call.id.size();
    return bytes + bound_to.size();
}

void Passage::clear_items() noexcept
{
    std::string().swap(items); // assigning would keep the memory
    std::vector<Reasoning>().swap(reasoning);
}

void Passage::append_to(std::string& context,
                        std::string_view account,
                        std::string_view ran_on,
                        Sealed sealed) const
{
    std::size_t at = 0;
    for (const Reasoning& part : reasoning) {
        const std::string_view maker = part.account.empty() ? ran_on : part.account;
        if (sealed == Sealed::own && maker == account)
            continue;
        context.append(items, at, part.begin - at);
        at = part.end;
    }
    context.append(items, at);
}

Passage PassageReader::read_turn(const Passage* before,
                                 std::string_view input,
                                 std::span<const std::string> outputs) const
{
    PassageScan scan(*this, before, bound_of(input, outputs));
    scan.add_input(input, Source::past_input);
    scan.add_outputs(outputs);
    return scan.finish();
}

Passage PassageReader::read_next(const Passage* before, std::string_view input) const
{
    PassageScan scan(*this, before, bound_of(input, {}));
    scan.add_input(input, Source::next_input);
    return scan.finish();
}

} // namespace turngate::conversation
