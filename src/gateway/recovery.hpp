#pragma once

#include "relay.hpp"

#include "turngate/core/fault.hpp"

namespace turngate::gateway {

// What is known when a turn could not go on.
struct Facts
{
    core::Fault fault;
    Seen seen = Seen::nothing;
    bool has_created = false;
};

// What is done about it. `tell`: one error event of that code on the turn's lane; the catalogue closes the socket where
// it must.
struct Action
{
    enum class What : std::uint8_t { drop, tell } what = What::tell;
    core::FaultCode tell = core::FaultCode::internal_error;
};

// Pure; behaviour.md section 5. This version makes no second attempt, so every failure of a present client is told.
Action decide(const Facts& facts) noexcept;

} // namespace turngate::gateway
