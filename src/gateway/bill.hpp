#pragma once

#include "turn.hpp"

#include "turngate/usage/record.hpp"

namespace turngate::gateway {

// The bill of a response that ended with a terminal event: usage as the upstream reported it.
// Without usage (a missing one, or an error after response.created) it is estimated and says so.
usage::UsageRecord bill(Turn& turn, const protocol::TerminalEvent& terminal);

// The bill of a response that ended without one: the client or the upstream went away (behaviour.md
// section 7, `usage.aborted_turns`).
usage::UsageRecord bill_aborted(Turn& turn, const core::Fault& fault);

} // namespace turngate::gateway
