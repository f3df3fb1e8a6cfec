#pragma once

#include "call.hpp"
#include "tool.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace turngate::sim {

// What a finished response leaves for those that continue it.
struct Context
{
    std::string id;
    std::int64_t tokens = 0; // all of it, its own output included
    std::vector<Call> open_calls;
    Tools tools; // may be null
};

using ContextPtr = std::shared_ptr<const Context>;

} // namespace turngate::sim
