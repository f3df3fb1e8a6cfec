#pragma once

#include "attempt.hpp"

#include "turngate/usage/record.hpp"

namespace turngate::gateway {

// The bill of the attempt's response, which ended with a terminal event: usage as the upstream
// reported it. Without usage (a missing one, or an error after response.created) it is estimated
// and says so.
usage::UsageRecord bill(const Turn& turn,
                        const Attempt& attempt,
                        const protocol::TerminalEvent& terminal);

// The bill of one that ended without: the client or the upstream went away (behaviour.md section 7,
// `usage.aborted_turns`).
usage::UsageRecord bill_aborted(const Turn& turn, const Attempt& attempt, const core::Fault& fault);

} // namespace turngate::gateway
