#pragma once

#include "chain_passage.hpp"
#include "turngate/conversation/chain_share.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace turngate::conversation {

// One response in a chain. Holds its parent, so that a passage lives as long as any response after
// it. A response that is not whole holds neither: all there is to know of it is its open calls.
struct ChainNode
{
    ChainNode() = default;
    ChainNode(const ChainNode&) = delete;
    ChainNode& operator=(const ChainNode&) = delete;
    ~ChainNode();

    bool is_replayable_for(std::string_view other_account) const noexcept
    {
        return is_whole && (bound_to.empty() || bound_to == other_account);
    }

    // What follows from the parent. Nothing: there is none.
    void follow(std::shared_ptr<ChainNode> its_parent);
    void become_incomplete();
    std::uint64_t own_bytes() const noexcept;

    std::string id;
    std::string account;  // that it ran on
    std::string model;    // that it was asked of
    std::string bound_to; // the one account that can read its whole context; empty: any
    Passage passage;
    std::shared_ptr<ChainNode> parent;
    bool is_whole = true;         // every item from the beginning on is here
    bool is_superseded = false;   // something went on from it
    std::uint64_t line_bytes = 0; // of it and all before it
    ChainCharge charge;
};

} // namespace turngate::conversation
