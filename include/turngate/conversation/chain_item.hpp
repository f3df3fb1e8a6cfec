#pragma once

#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/item.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {

// What becomes of an item when its conversation is sent again without its parent.
enum class ItemFate : std::uint8_t {
    kept,      // goes along everywhere
    personal,  // goes along to the account that sealed it, is left out elsewhere
    bound,     // one account can read it, and the context is another one without it
    beginning, // bound, and stands for all that was before the input which it is in
    once,      // an order: goes up with its create, and is no context afterwards
    failed,    // a hosted call that came to nothing: no context, where it came back in an answer
    left_out,  // of no use to anyone
    lost,      // the context cannot be sent again at all
};

enum class ItemPart : std::uint8_t {
    other,
    call,   // must be answered before the conversation goes on
    offer,  // may be answered: MCP approval requests, calls of a kind we do not know
    output, // answers a call or an offer
};

struct ItemVerdict
{
    ItemFate fate = ItemFate::kept;
    ItemPart part = ItemPart::other;
    std::string_view call_id; // of a call, an offer or an output; views the item
    protocol::Edits edits;    // of the item's text: what the server wrote into it, taken off
};

ItemVerdict judge(const protocol::Item& item);

// The item as it is sent again, and a comma.
void append_item(std::string& list, const protocol::Item& item, const ItemVerdict& verdict);

// The ids of the calls and offers among a response's raw items that none of them answers.
std::vector<std::string> calls_in(protocol::ItemReader& reader, std::span<const std::string> items);

// Whether each of few is one of all. Linear but for a logarithm, whatever clients send.
bool are_among(std::span<const std::string> few, std::span<const std::string> all);

} // namespace turngate::conversation
