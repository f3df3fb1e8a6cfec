#pragma once

#include "context.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace turngate::sim {

// A stored response as the endpoints that take its id show it.
struct Record
{
    std::string response{}; // JSON; empty: it is a conversation
    std::string input{};    // JSON: a string or items; may be empty
};

// What outlives connections: responses made with store:true, and conversations. One for the
// process; what one key stored, another cannot find. Bounded: the oldest are forgotten.
class Storage
{
public:
    static constexpr std::size_t kMost = 200'000;
    static constexpr std::size_t kMostBytes = 256 * 1024 * 1024; // of records

    void keep(const std::string& owner,
              const std::string& id,
              ContextPtr context,
              Record record = {});
    ContextPtr find(const std::string& owner, const std::string& id) const; // null: not here
    // Until the next keep() or forget().
    const Record* record(const std::string& owner, const std::string& id) const;
    bool forget(const std::string& owner, const std::string& id); // false: not here
    std::size_t size() const noexcept { return kept_.size(); }

private:
    struct Kept
    {
        ContextPtr context;
        Record record;
        std::uint64_t number = 0; // of its place in order_
    };

    void drop(std::unordered_map<std::string, Kept>::iterator kept);

    std::unordered_map<std::string, Kept> kept_;
    std::map<std::uint64_t, std::string> order_; // the places of kept_, oldest first
    std::uint64_t last_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace turngate::sim
