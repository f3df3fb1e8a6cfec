#pragma once

#include "attempt.hpp"

namespace turngate::gateway {

// A warm-up, at an account that is asked over HTTP: nothing can be warmed there, so it is answered
// here, without a slot (http.md section 6.2).
bool is_answered_here(const Turn& turn, const accounts::Account& account);

// What an upstream would say to it comes to the attempt's relay. The attempt has no connection.
void answer_warm_up(const Turn& turn, Attempt& attempt);

} // namespace turngate::gateway
