#pragma once

#include "attempt.hpp"

#include "turngate/usage/record.hpp"

namespace turngate::gateway {

// The bill of the attempt's response, which ended with a terminal event: usage as the upstream
// reported it. Without usage (a missing one, one that makes no sense, or an error after
// response.created) it is estimated and says so, as it does where the model has no price and is
// billed with the dearest of the group (behaviour.md section 7). The service tier is what the
// answer says, else what was asked for.
usage::UsageRecord bill(const Turn& turn,
                        const Attempt& attempt,
                        const protocol::TerminalEvent& terminal);

// The bill of one that ended without: the client or the upstream went away (behaviour.md section 7,
// `usage.aborted_turns`).
usage::UsageRecord bill_aborted(const Turn& turn, const Attempt& attempt, const core::Fault& fault);

} // namespace turngate::gateway
