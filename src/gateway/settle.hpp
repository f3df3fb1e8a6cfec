#pragma once

#include "attempt.hpp"

#include <cstdint>

namespace turngate::gateway {

// It ends a response that has failed.
bool is_failure(protocol::EventKind kind) noexcept;

// The terminal event of the attempt's response.
protocol::TerminalEvent read_terminal(Turn& turn, const Attempt& attempt);

// Step 10: the bill is in the journal and the response can be gone on from before the client sees
// the end; all else comes after it.
// Returns the context's tokens as the upstream counted them. Fault accounting_unavailable.
net::Task<core::Result<std::int64_t>> settle(Turn& turn,
                                             Attempt& attempt,
                                             const protocol::TerminalEvent& terminal);

// Ends the lease. The connection is kept only if nothing more of this turn can come on it: an
// answer that is still owed would be taken for one to the lane's next turn.
void give_back(Attempt& attempt, bool is_over);

} // namespace turngate::gateway
