#pragma once

#include "redis_reply.hpp"

#include <string>
#include <vector>

namespace turngate::state {

// Lua that runs in Redis at once or not at all. All its keys are in one slot of a cluster.
struct Script
{
    explicit Script(std::string text);
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;

    // All there are in the program: a new connection loads them.
    static const std::vector<const Script*>& all() noexcept;

    Command by_digest(const Command& keys, const Command& arguments) const; // EVALSHA
    Command by_text(const Command& keys, const Command& arguments) const;   // EVAL; Redis keeps it

    std::string source;
    std::string sha1;
};

} // namespace turngate::state
