#pragma once

#include "turn.hpp"

#include <optional>

namespace turngate::gateway {

// Why this create may not stop the turn that runs on its lane: it could not run itself
// (behaviour.md section 2). Nothing: it may.
net::Task<std::optional<core::Fault>> cannot_preempt(Rooms& rooms,
                                                     const SessionFacts& session,
                                                     const WaitingTurn& by);

} // namespace turngate::gateway
