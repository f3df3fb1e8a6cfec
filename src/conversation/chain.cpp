#include "turngate/conversation/chain.hpp"

#include "chain_node.hpp"
#include "resent.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace turngate::conversation {
namespace {

using Line = std::vector<const ChainNode*>;

Line line_of(const ChainNode& last) // from the beginning on
{
    Line line;
    for (const ChainNode* node = &last; node; node = node->parent.get())
        line.push_back(node);
    std::ranges::reverse(line);
    return line;
}

// Calls of an answer that nothing follows may still be open; an order is nothing that follows.
bool leaves_call_open(const ChainNode* last, const Passage& next)
{
    if (next.adds_context)
        return std::ranges::any_of(next.open, &OpenCall::must_be_answered);
    return std::ranges::any_of(last->passage.open, [](const OpenCall& call) {
        return call.must_be_answered && !call.is_fresh;
    });
}

bool may_begin(std::string_view input)
{
    return input.find("compaction") != input.npos;
}

// Nothing: it would be too big.
std::optional<std::string> write_context(const Line& line,
                                         const Passage& next,
                                         std::string_view next_from,
                                         std::string_view account,
                                         Sealed sealed)
{
    std::size_t bytes = next.items.size() + 2;
    for (const ChainNode* node : line)
        bytes += node->passage.items.size();
    std::string context;
    context.reserve(bytes);
    context.push_back('[');
    for (const ChainNode* node : line)
        node->passage.append_to(context, account, node->account, sealed);
    next.append_to(context, account, next_from, sealed);
    if (context.back() == ',')
        context.pop_back();
    context.push_back(']');
    return context.size() <= Chain::kMostContext ? std::optional(std::move(context)) : std::nullopt;
}

} // namespace

void Chain::add(const ChainTurn& turn)
{
    if (turn.response_id.empty())
        return;
    const NodePtr node = compose(turn);
    if (const NodePtr parent = find(turn.parent_id))
        parent->is_superseded = true;
    forget(turn.response_id); // also if the new one cannot be remembered
    if (node->is_whole && !pay_for(*node)) {
        NodePtr parent = node->parent;
        node->become_incomplete();
        forget_line(std::move(parent));
    }
    if (node->is_whole || pay_for(*node))
        remember(node);
}

bool Chain::knows(std::string_view response_id) const noexcept
{
    return find(response_id) != nullptr;
}

bool Chain::is_complete(std::string_view response_id, std::string_view for_account) const noexcept
{
    const NodePtr node = find(response_id);
    return node && node->is_replayable_for(for_account);
}

// What the client sends after a response it has from there too, where nobody knows better.
std::optional<std::string> Chain::rebuild(std::string_view response_id,
                                          std::string_view new_input,
                                          std::string_view for_account,
                                          Sealed sealed) const
{
    const NodePtr last = find(response_id);
    const bool is_there = last && last->is_replayable_for(for_account);
    if (!is_there && !may_begin(new_input))
        return std::nullopt;
    const std::string_view from = last ? std::string_view(last->account) : for_account;
    const PassageReader reader{reader_, seals_, from};
    const Passage next = reader.read_next(last ? &last->passage : nullptr, new_input);
    if (next.is_lost || (!is_there && !next.is_beginning) || leaves_call_open(last.get(), next))
        return std::nullopt;
    if (!next.bound_to.empty() && next.bound_to != for_account)
        return std::nullopt;
    const Line line = next.is_beginning ? Line() : line_of(*last);
    return write_context(line, next, from, for_account, sealed);
}

std::optional<std::string> Chain::rest_of(std::string_view input,
                                          std::string_view response_id,
                                          std::string_view model) const
{
    const NodePtr last = find(response_id);
    if (!last || !last->is_whole || last->is_superseded || last->model != model)
        return std::nullopt;
    Resent resent(reader_, input);
    for (const ChainNode* node : line_of(*last))
        if (!resent.take(node->passage))
            return std::nullopt;
    return resent.rest();
}

std::uint64_t Chain::context_bytes(std::string_view response_id) const noexcept
{
    const NodePtr node = find(response_id);
    return node ? node->line_bytes : 0;
}

std::vector<std::string> Chain::pending_calls(std::string_view response_id) const
{
    std::vector<std::string> ids;
    if (const NodePtr node = find(response_id))
        for (const OpenCall& call : node->passage.open)
            ids.push_back(call.id);
    return ids;
}

Chain::NodePtr Chain::find(std::string_view response_id) const noexcept
{
    const auto found = by_id_.find(response_id);
    return found != by_id_.end() ? *found->second : nullptr;
}

Chain::NodePtr Chain::compose(const ChainTurn& turn)
{
    NodePtr parent = find(turn.parent_id);
    auto node = std::make_shared<ChainNode>();
    node->id = turn.response_id;
    node->account = turn.account;
    node->model = turn.model;
    const PassageReader reader{reader_, seals_, node->account};
    node->passage = reader.read_turn(parent ? &parent->passage : nullptr, turn.input, turn.outputs);
    if (node->passage.is_beginning)
        parent = nullptr;
    const bool has_beginning = turn.parent_id.empty() || parent || node->passage.is_beginning;
    node->is_whole = turn.is_whole && has_beginning;
    node->follow(std::move(parent));
    if (!node->is_whole)
        node->become_incomplete();
    return node;
}

// Forgets others for it, but none in vain.
bool Chain::pay_for(ChainNode& node)
{
    const std::uint64_t before = node.parent ? node.parent->line_bytes : 0;
    const std::uint64_t bytes = node.own_bytes();
    if (!share_.could_take(bytes, before))
        return false;
    do {
        node.charge = share_.take(bytes);
    } while (!node.charge && forget_one(true));
    node.line_bytes = before + bytes;
    return static_cast<bool>(node.charge);
}

void Chain::remember(NodePtr node)
{
    if (known_.size() == kMostIds)
        forget_one(false);
    const std::string_view id = node->id;
    by_id_[id] = known_.insert(known_.end(), std::move(node));
}

// The latest response of a branch is what a client goes on from, so superseded ones go first. But
// not what was said just now: ends of branches that nobody goes on from must not crowd that out.
// Memory comes back from those that nobody else holds.
bool Chain::forget_one(bool to_free_memory)
{
    const auto may_go = [&](const NodePtr& node) {
        return !to_free_memory || node.use_count() == 1;
    };
    const auto recent = std::next(known_.begin(), static_cast<std::ptrdiff_t>(known_.size() / 2));
    auto victim = std::find_if(known_.begin(), recent, [&](const NodePtr& node) {
        return node->is_superseded && may_go(node);
    });
    if (victim == recent)
        victim = std::ranges::find_if(known_, may_go);
    if (victim == known_.end())
        return false;
    forget(victim);
    return true;
}

// Its continuation did not fit, so this branch will not be sent again. Goes back to where another
// branch leaves it: that one holds the rest.
void Chain::forget_line(NodePtr last)
{
    while (last && last.use_count() <= 2) { // ours, and the index's if it is still known
        forget(last->id);
        NodePtr before = last->parent;
        last = std::move(before);
    }
}

void Chain::forget(std::string_view response_id)
{
    if (const auto found = by_id_.find(response_id); found != by_id_.end())
        forget(found->second);
}

void Chain::forget(Order::iterator known)
{
    by_id_.erase((*known)->id);
    known_.erase(known);
}

} // namespace turngate::conversation
