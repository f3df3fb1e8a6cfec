#pragma once

#include "ending.hpp"

namespace turngate::gateway {

// An attempt on one of the routes has failed: what is known of it, and what is done about it.
Failure judge(const Turn& turn,
              const Attempt& attempt,
              const Routes& routes,
              const core::Fault& fault);

// A failure of the gateway's own, or before any attempt.
Failure refusal(const core::Fault& fault) noexcept;

// The account's part in it: a fault, a time to cool, or refused credentials. A lost connection is
// one fault, however many lanes it took along.
void charge(Turn& turn, Attempt& attempt, const Failure& failure);

// It answered, as an account should.
void credit(Turn& turn, Attempt& attempt);

} // namespace turngate::gateway
