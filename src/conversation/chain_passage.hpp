#pragma once

#include "turngate/protocol/item.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {

// A tool call, or an offer, that nobody has answered yet.
struct OpenCall
{
    std::string id;
    bool must_be_answered = true;
    bool is_fresh = false; // made by this very response: nothing has followed it yet
};

// What one response adds to its conversation, as it is sent again: the items of its create and
// those that came back.
struct Passage
{
    struct Range
    {
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    std::string items;              // a comma after each
    std::vector<Range> personal;    // of items: reasoning, which only its own account can read
    std::vector<std::string> calls; // made in it
    std::vector<OpenCall> open;     // at its end, oldest first, those made before it included
    bool is_bound = false;          // to the account that it ran on
    bool is_lost = false;           // cannot be sent again; items are incomplete then

    // The bytes that an account gets to see, in front of more.
    void append_to(std::string& context, bool is_own_account) const;
};

// open: the calls that were open before it. input: the raw value of the create's `input`; empty or
// null: none. outputs: the raw items of the answer.
Passage read_passage(protocol::ItemReader& reader,
                     std::vector<OpenCall> open,
                     std::string_view input,
                     std::span<const std::string> outputs);

} // namespace turngate::conversation
