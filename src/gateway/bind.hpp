#pragma once

#include "attempt.hpp"

#include <cstdint>

namespace turngate::gateway {

// Step 10: the response can be gone on from. It is this tenant's, lives where the attempt ran, and
// is in the chain.
net::Task<> bind(Turn& turn, const Attempt& attempt, std::int64_t context_tokens);

// The same for one that the gateway ended itself: what it had finished is in the chain alone.
net::Task<> bind_interrupted(Turn& turn, const Attempt& attempt);

} // namespace turngate::gateway
