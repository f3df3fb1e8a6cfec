#pragma once

#include "attempt.hpp"
#include "recovery.hpp"

#include "turngate/usage/record.hpp"

namespace turngate::gateway {

// An attempt that failed, and what is done about it.
struct Failure
{
    Facts facts;
    Action action;
};

// The record goes to the journal. Fault accounting_unavailable when it cannot and the configuration
// says `refuse`; with `continue` budgets are charged all the same. What is not in the journal is in
// the log, whole.
core::Result<> write_bill(Turn& turn, const usage::UsageRecord& record);

// The terminal event in the upstream's own words, as clients can read it.
void send_terminal(Turn& turn, Attempt& attempt, const protocol::TerminalEvent& terminal);

// A turn's one line at its end, and its numbers. attempt: null if there was none; record, failure:
// null where there is none.
void log_turn_end(const Turn& turn,
                  const Attempt* attempt,
                  Outcome outcome,
                  const usage::UsageRecord* record,
                  const Failure* failure);

Outcome outcome_of(const protocol::TerminalEvent& terminal) noexcept;

// A turn that died without a terminal event that is told: its bill if the upstream may have worked,
// one event if the client is there. attempt: the last one; null: there was none. Returns the close
// code the session must end with, 0 if it goes on.
std::uint16_t end_without_terminal(Turn& turn, Attempt* attempt, const Failure& failure);

} // namespace turngate::gateway
