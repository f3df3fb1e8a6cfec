#pragma once

#include "redis_script.hpp"

namespace turngate::state {

// RateBucket in Redis; the key is rate_key()'s. Time is Redis's.

// rpm, tpm, tokens → milliseconds to wait; 0: taken.
extern const Script kTakeRate;

// rpm, tpm, tokens: real − estimate.
extern const Script kSettleRate;

} // namespace turngate::state
