#pragma once

#include "open_calls.hpp"

#include "turngate/conversation/chain.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::conversation {

// What one response adds to its conversation, as it is sent again: the items of its create and
// those that came back.
struct Passage
{
    struct Reasoning
    {
        std::size_t begin = 0; // of items
        std::size_t end = 0;
        std::string account; // that sealed it; empty: the one that the response ran on
    };

    std::string items;                // a comma after each
    std::vector<Reasoning> reasoning; // which only who sealed it can read
    std::vector<OpenCall> open;       // at its end, oldest first, those made before it included
    std::string bound_to;             // the one account that can read the rest; empty: any
    bool is_beginning = false;        // its compacted context stands for all that was before it
    bool has_hidden_calls = false;    // there may be calls within compacted context
    bool adds_context = false;        // it is more than orders, and items of no use to anyone
    bool is_lost = false;             // cannot be sent again; items are incomplete then

    std::size_t heap_bytes() const noexcept;
    void clear_items() noexcept; // open calls stay

    // What an account gets to see, in front of more. ran_on: the response's own account.
    void append_to(std::string& context,
                   std::string_view account,
                   std::string_view ran_on,
                   Sealed sealed) const;
};

// What it takes to read passages.
struct PassageReader
{
    protocol::ItemReader& items;
    const Seals& seals;
    std::string_view account; // that the response ran on, or will: who sealed what nobody knows of

    // before: of the response that it goes on from; null: there is none. input: the raw value of a
    // create's `input`; empty or null: none. outputs: the raw items of the answer.
    Passage read_turn(const Passage* before,
                      std::string_view input,
                      std::span<const std::string> outputs) const;

    // The input of a create that is about to go up, with the orders in it.
    Passage read_next(const Passage* before, std::string_view input) const;
};

} // namespace turngate::conversation
