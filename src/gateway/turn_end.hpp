#pragma once

#include "recovery.hpp"
#include "turn.hpp"

#include "turngate/usage/record.hpp"

namespace turngate::gateway {

Outcome outcome_of(const protocol::TerminalEvent& terminal) noexcept;

// The record goes to the journal. Fault accounting_unavailable when it cannot and the configuration
// says `refuse`.
core::Result<> write_bill(Turn& turn, const usage::UsageRecord& record);

// The turn's one line at its end, and its numbers. record, fault: null if there is none.
void log_turn_end(const Turn& turn,
                  Outcome outcome,
                  const usage::UsageRecord* record,
                  const core::Fault* fault);

// A turn that died: its bill if the upstream may have worked, one error event if the client is
// there. Returns the close code the session must end with, 0 if it goes on.
std::uint16_t end_without_terminal(Turn& turn, const Facts& facts, const Action& action);

} // namespace turngate::gateway
