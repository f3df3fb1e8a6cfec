#pragma once

#include "turngate/core/byte_budget.hpp"

#include <cstdint>

namespace turngate::gateway {

// What clients of the whole process have sent and no turn has begun with, and what they are to be
// told beside turns. A bound each: whoever fills one with creates that wait does not keep others
// from being heard.
struct ClientBytes
{
    explicit ClientBytes(std::uint64_t most) : waiting(most), unfinished(most), answers(most) {}

    void set_most(std::uint64_t bytes) noexcept // of each
    {
        waiting.set_most(bytes);
        unfinished.set_most(bytes);
        answers.set_most(bytes);
    }

    core::ByteBudget waiting;    // creates that wait for their lane
    core::ByteBudget unfinished; // messages that are not whole yet
    core::ByteBudget answers;    // of accounts, to what is asked by a response's id
};

} // namespace turngate::gateway
