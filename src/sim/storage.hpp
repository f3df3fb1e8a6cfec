#pragma once

#include "context.hpp"

#include <deque>
#include <string>
#include <unordered_map>

namespace turngate::sim {

// What outlives connections: responses made with store:true, and conversations. One for the
// process; what one key stored, another cannot find. Bounded: the oldest are forgotten.
class Storage
{
public:
    static constexpr std::size_t kMost = 200'000;

    void keep(const std::string& owner, const std::string& id, ContextPtr context);
    ContextPtr find(const std::string& owner, const std::string& id) const; // null: not here
    std::size_t size() const noexcept { return kept_.size(); }

private:
    std::unordered_map<std::string, ContextPtr> kept_;
    std::deque<std::string> order_;
};

} // namespace turngate::sim
