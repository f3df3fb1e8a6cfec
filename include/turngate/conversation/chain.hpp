#pragma once

#include "turngate/conversation/chain_share.hpp"
#include "turngate/protocol/item.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {

struct ChainNode;

// A response that ended so that it can be gone on from: completed, or incomplete.
struct ChainTurn
{
    std::string_view response_id = {};
    std::string_view parent_id = {};           // empty: the beginning of a conversation
    std::string_view input = {};               // raw value of the create's `input`; empty: none
    std::span<const std::string> outputs = {}; // raw item of each response.output_item.done
    std::string_view account = {};             // that ran it
    bool is_whole = true; // false: the upstream knows more than this: a `conversation`, an inject,
                          // outputs that were not kept
};

// What a conversation sent and got, by response: one session key's, whatever its lanes and sockets.
// Lets it be sent again to another connection or account. Responses hold their parents, so
// beginnings are shared. Single loop; the process's budget and the reader outlive it.
//
// Items go along as sent, without what a server wrote into them (chain_item.cpp). A context is
// complete when all of it is here, or it is not sent again at all: it is never shortened, but for
// reasoning that the receiving account could not read.
//
// Short of memory it forgets responses that nothing goes on from, superseded ones first. A response
// that does not even fit then is incomplete, as is all that follows it.
class Chain
{
public:
    static constexpr std::size_t kMostIds = 256;

    Chain(ChainBudget& process, protocol::ItemReader& reader, std::uint64_t max_bytes) noexcept
        : share_(process, max_bytes), reader_(reader)
    {
    }

    // Costs what the turn costs, however long the conversation is. A second response of the same id
    // takes the place of the first.
    void add(const ChainTurn& turn);

    bool knows(std::string_view response_id) const noexcept;

    // Whether that account could be sent the response's whole context. Rebuilding may fail all the
    // same because of the input that is to follow.
    bool is_complete(std::string_view response_id, std::string_view for_account) const noexcept;

    // The context up to and including the response, followed by new_input (the raw value of a
    // create's `input`): the `input` of a create without a parent. Nothing: it is not complete, or
    // new_input refers to stored items, answers calls that are not there, or leaves one open.
    std::optional<std::string> rebuild(std::string_view response_id,
                                       std::string_view new_input,
                                       std::string_view for_account) const;

    // Calls that nobody had answered when the response ended, also where the context is incomplete.
    std::vector<std::string> pending_calls(std::string_view response_id) const;

    // Whether each of the calls was made in the response's context. No, where that is incomplete.
    bool has_calls(std::string_view response_id, std::span<const std::string> call_ids) const;

    std::uint64_t bytes() const noexcept { return share_.used(); }

private:
    using NodePtr = std::shared_ptr<ChainNode>;

    struct Known
    {
        NodePtr node;
        bool is_superseded = false; // something went on from it
    };

    NodePtr find(std::string_view response_id) const noexcept;
    NodePtr compose(const ChainTurn& turn);
    void supersede(std::string_view response_id) noexcept;
    bool pay_for(ChainNode& node);
    void remember(NodePtr node);
    bool forget_one(bool to_free_memory);
    void forget_line(NodePtr last);
    void forget(std::string_view response_id);

    ChainShare share_; // before the nodes, which give back to it
    protocol::ItemReader& reader_;
    std::vector<Known> known_; // oldest first, at most kMostIds
};

} // namespace turngate::conversation
