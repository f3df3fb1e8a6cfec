#include "chain_node.hpp"

#include <utility>

namespace turngate::conversation {
namespace {

// The node with its control block, its place in the index, and what small allocations cost.
constexpr std::uint64_t kNodeBytes = sizeof(ChainNode) + 256;

} // namespace

// A line of thousands must not be released by recursion.
ChainNode::~ChainNode()
{
    while (parent && parent.use_count() == 1) {
        auto before = std::move(parent->parent);
        parent = std::move(before);
    }
}

void ChainNode::follow(std::shared_ptr<ChainNode> its_parent)
{
    if (passage.is_lost)
        is_whole = false;
    bound_to = passage.bound_to;
    if (!its_parent)
        return;
    if (!its_parent->is_whole)
        is_whole = false;
    if (bound_to.empty())
        bound_to = its_parent->bound_to;
    else if (!its_parent->is_replayable_for(bound_to))
        is_whole = false; // two accounts would have to read it
    parent = std::move(its_parent);
}

void ChainNode::become_incomplete()
{
    is_whole = false;
    passage.clear_items();
    parent = nullptr;
}

std::uint64_t ChainNode::own_bytes() const noexcept
{
    return kNodeBytes + id.size() + account.size() + model.size() + bound_to.size() +
           passage.heap_bytes();
}

} // namespace turngate::conversation
