#pragma once

#include "lanes.hpp"
#include "turn.hpp"

namespace turngate::gateway {

// What a session's turns refer to. Outlives the session where one of them reads on (Drains).
struct SessionMemory
{
    SessionFacts facts;
    core::ByteBudget waiting{0}; // of the creates in those lanes
    Lanes lanes{};
};

} // namespace turngate::gateway
