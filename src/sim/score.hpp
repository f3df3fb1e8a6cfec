#pragma once

#include "act.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace turngate::sim {

struct Pacing
{
    unsigned deltas = 8;
    unsigned delta_bytes = 12;
    std::chrono::microseconds interval{0}; // before each delta
};

Pacing paced(Pacing usual, const Act* act);

// One event, or one thing done instead of an event.
struct Move
{
    enum class Kind : std::uint8_t {
        created,
        in_progress,
        rate_limits,
        metadata,
        item_added,
        part_added,
        delta,
        said, // …text.done, …arguments.done
        part_done,
        searching, // the three events of a web search
        item_done,
        silent, // an item without events
        wait,
        terminal,
        terminal_again,
        late_delta,
        scripted, // an event of the script's own; `item` is its number there
        error,
        fault,
    };
    Kind kind;
    unsigned item = 0;
    std::size_t from = 0; // the bytes of a delta
    std::size_t size = 0;
    std::chrono::microseconds delay{0};
};

// All that will happen for one response, in order. `act` may be null.
std::vector<Move> compose_score(const std::vector<Item>& items,
                                const Act* act,
                                const Pacing& pacing);

// What closes an item that was interrupted in the middle, as far as it was said.
std::vector<Move> closing_of(const Item& item, unsigned index);

} // namespace turngate::sim
