#pragma once

#include "turngate/conversation/chain.hpp"

#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"

#include <chrono>
#include <list>
#include <memory>
#include <unordered_map>

namespace turngate::conversation {

// One loop's chains by session key. A chain outlives its sockets for a while, so that a client that
// comes back finds its conversation; the longest idle ones go first when time or memory is up.
// Single loop; the budget outlives it.
class Chains
{
public:
    struct Limits
    {
        std::uint64_t bytes_per_session = 8 << 20;
        std::chrono::milliseconds idle{3'600'000};
    };

    Chains(ChainBudget& budget, Limits limits) : budget_(budget), limits_(limits) {}

    // The key's chain; null if it has none yet.
    Chain* find(const core::Digest& key) noexcept;

    // Adds a response to the key's chain, making room at the cost of idle ones. Notes who sealed
    // what is in it, also where there is no chain to add it to.
    void add(const core::Digest& key, const ChainTurn& turn, std::uint64_t size);

    // A socket of the key came or went. keep: it can come back with that key.
    void enter(const core::Digest& key);
    void leave(const core::Digest& key, bool keep, core::Deadline now);
    bool has_sockets(const core::Digest& key) const;

    std::uint64_t bytes_per_session() const noexcept { return limits_.bytes_per_session; }
    Seals& seals() noexcept { return seals_; }
    protocol::ItemReader& reader() noexcept { return reader_; }

private:
    struct Entry
    {
        std::unique_ptr<Chain> chain; // from the first response on
        unsigned sockets = 0;
        core::Deadline idle_since{};
        std::list<core::Digest>::iterator idle; // valid while sockets is 0
    };

    void drop_idle(core::Deadline before);
    void drop_oldest_idle();

    ChainBudget& budget_;
    Limits limits_;
    protocol::ItemReader reader_;
    Seals seals_;
    std::unordered_map<core::Digest, Entry> entries_;
    std::list<core::Digest> idle_; // longest first
};

} // namespace turngate::conversation
