#include "turngate/conversation/chain.hpp"

#include "chain_node.hpp"

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

// Calls of an answer that nothing follows may still be open.
bool leaves_call_open(const ChainNode& last, const Passage& next)
{
    if (next.items.empty())
        return std::ranges::any_of(last.passage.open, [](const OpenCall& call) {
            return call.must_be_answered && !call.is_fresh;
        });
    return std::ranges::any_of(next.open, &OpenCall::must_be_answered);
}

// What the client sends after a response it has from there too.
bool may_follow(const ChainNode& last, const Passage& next, bool is_own_account)
{
    return !next.is_lost && (is_own_account || !next.is_bound) && !leaves_call_open(last, next);
}

std::string write_context(const Line& line, const Passage& next, std::string_view account)
{
    std::size_t bytes = next.items.size() + 2;
    for (const ChainNode* node : line)
        bytes += node->passage.items.size();
    std::string context;
    context.reserve(bytes);
    context.push_back('[');
    for (const ChainNode* node : line)
        node->passage.append_to(context, node->account == account);
    next.append_to(context, line.back()->account == account);
    if (context.back() == ',')
        context.pop_back();
    context.push_back(']');
    return context;
}

} // namespace

void Chain::add(const ChainTurn& turn)
{
    if (turn.response_id.empty())
        return;
    const NodePtr node = compose(turn);
    supersede(turn.parent_id);
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

std::optional<std::string> Chain::rebuild(std::string_view response_id,
                                          std::string_view new_input,
                                          std::string_view for_account) const
{
    const NodePtr last = find(response_id);
    if (!last || !last->is_replayable_for(for_account))
        return std::nullopt;
    const Passage next = read_passage(reader_, last->passage.open, new_input, {});
    if (!may_follow(*last, next, last->account == for_account))
        return std::nullopt;
    return write_context(line_of(*last), next, for_account);
}

std::vector<std::string> Chain::pending_calls(std::string_view response_id) const
{
    std::vector<std::string> ids;
    if (const NodePtr node = find(response_id))
        for (const OpenCall& call : node->passage.open)
            ids.push_back(call.id);
    return ids;
}

bool Chain::has_calls(std::string_view response_id, std::span<const std::string> call_ids) const
{
    const NodePtr last = find(response_id);
    if (!last || !last->is_whole)
        return false;
    const Line line = line_of(*last);
    return std::ranges::all_of(call_ids, [&](const std::string& id) {
        return std::ranges::any_of(line, [&](const ChainNode* node) {
            return std::ranges::find(node->passage.calls, id) != node->passage.calls.end();
        });
    });
}

// Newest first: nearly always the last one is asked for.
Chain::NodePtr Chain::find(std::string_view response_id) const noexcept
{
    const auto newest_first = std::views::reverse(known_);
    const auto found = std::ranges::find_if(
        newest_first, [&](const Known& known) { return known.node->id == response_id; });
    return found != newest_first.end() ? found->node : nullptr;
}

Chain::NodePtr Chain::compose(const ChainTurn& turn)
{
    NodePtr parent = find(turn.parent_id);
    auto node = std::make_shared<ChainNode>();
    node->id = turn.response_id;
    node->account = turn.account;
    node->is_whole = turn.is_whole && (turn.parent_id.empty() || parent);
    node->passage = read_passage(
        reader_, parent ? parent->passage.open : std::vector<OpenCall>(), turn.input, turn.outputs);
    node->follow(std::move(parent));
    if (!node->is_whole)
        node->become_incomplete();
    return node;
}

void Chain::supersede(std::string_view response_id) noexcept
{
    for (Known& known : known_)
        if (known.node->id == response_id)
            known.is_superseded = true;
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
    known_.push_back({std::move(node), false});
}

// The latest response of a branch is what a client goes on from, so superseded ones go first.
// Memory comes back from those that nobody else holds.
bool Chain::forget_one(bool to_free_memory)
{
    const auto may_go = [&](const Known& known) {
        return !to_free_memory || known.node.use_count() == 1;
    };
    auto victim = std::ranges::find_if(
        known_, [&](const Known& known) { return known.is_superseded && may_go(known); });
    if (victim == known_.end())
        victim = std::ranges::find_if(known_, may_go);
    if (victim == known_.end())
        return false;
    known_.erase(victim);
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
    std::erase_if(known_, [&](const Known& known) { return known.node->id == response_id; });
}

} // namespace turngate::conversation
