#pragma once

#include "turngate/conversation/chain_share.hpp"
#include "turngate/conversation/seals.hpp"
#include "turngate/protocol/item.hpp"

#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace turngate::conversation {

struct ChainNode;

// Reasoning that goes along: the receiving account's own, or none.
enum class Sealed : std::uint8_t { own, none };

// A response that ended so that it can be gone on from: completed, or incomplete.
struct ChainTurn
{
    std::string_view response_id = {};
    std::string_view parent_id = {};           // empty: the beginning of a conversation
    std::string_view input = {};               // raw value of the create's `input`; empty: none
    std::span<const std::string> outputs = {}; // raw items of the answer, in their order
    std::string_view account = {};             // that ran it
    std::string_view model = {};               // that the client asked for
    bool is_whole = true; // false: the upstream knows more than this: a `conversation`, an inject,
                          // outputs that were not kept
};

// What a conversation sent and got, by response: one session key's, whatever its lanes and sockets.
// Lets it be sent again to another connection or account. Responses hold their parents, so
// beginnings are shared. Single loop; the process's budget, the seals and the reader outlive it.
//
// Items go along as sent, without what a server wrote into them (chain_item.cpp). A context is
// complete when all of it is here, or it is not sent again at all: it is never shortened, but for
// reasoning that the receiving account could not read. An input that carries compacted context is a
// beginning of its own: what was before it is neither needed nor sent.
//
// Short of memory it forgets responses that nothing goes on from, superseded ones first. A response
// that does not even fit then is incomplete, as is all that follows it.
class Chain
{
public:
    static constexpr std::size_t kMostIds = 256;
    static constexpr std::size_t kMostContext = (16 << 20) - 1; // what one message may have

    Chain(ChainBudget& process,
          const Seals& seals,
          protocol::ItemReader& reader,
          std::uint64_t max_bytes) noexcept
        : share_(process, max_bytes), seals_(seals), reader_(reader)
    {
    }

    // Costs what the turn costs, however long the conversation is. A second response of the same id
    // takes the place of the first.
    void add(const ChainTurn& turn);

    // Nothing goes on from it any more; what does so already keeps it.
    void forget(std::string_view response_id);

    bool knows(std::string_view response_id) const noexcept;

    // Whether that account could be sent the response's whole context. Rebuilding may fail all the
    // same because of the input that is to follow, and works all the same for one that is a
    // beginning.
    bool is_complete(std::string_view response_id, std::string_view for_account) const noexcept;

    // The context up to and including the response, followed by new_input (the raw value of a
    // create's `input`): the `input` of a create without a parent. Nothing: it is not complete, or
    // bigger than a message may be, or new_input refers to stored items, answers calls that are not
    // there, leaves one open, or is for another account to read. Linear in what it gives.
    std::optional<std::string> rebuild(std::string_view response_id,
                                       std::string_view new_input,
                                       std::string_view for_account,
                                       Sealed sealed = Sealed::own) const;

    // What follows the response's whole context in a create's `input` (its raw value), which must
    // begin with exactly that, item by item, and be for the same model: the `input` of a create
    // that names the response. Nothing: it does not, or not all of the context is here, or nothing
    // follows; or something went on from the response, so that whoever had it in memory may have
    // it no more. Linear in both.
    std::optional<std::string> rest_of(std::string_view input,
                                       std::string_view response_id,
                                       std::string_view model) const;

    // Of the context up to and including the response; it may be less when it is sent, and hardly
    // more.
    std::uint64_t context_bytes(std::string_view response_id) const noexcept;

    // Calls that nobody had answered when the response ended, also where the context is incomplete.
    std::vector<std::string> pending_calls(std::string_view response_id) const;

    std::uint64_t bytes() const noexcept { return share_.used(); }

private:
    using NodePtr = std::shared_ptr<ChainNode>;
    using Order = std::list<NodePtr>;

    NodePtr find(std::string_view response_id) const noexcept;
    NodePtr compose(const ChainTurn& turn);
    bool pay_for(ChainNode& node);
    void remember(NodePtr node);
    bool forget_one(bool to_free_memory);
    void forget_line(NodePtr last);
    void forget(Order::iterator known);

    ChainShare share_; // before the nodes, which give back to it
    const Seals& seals_;
    protocol::ItemReader& reader_;
    Order known_;                                                 // oldest first, at most kMostIds
    std::unordered_map<std::string_view, Order::iterator> by_id_; // views of the nodes' ids
};

} // namespace turngate::conversation
