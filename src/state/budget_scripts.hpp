#pragma once

#include "redis_script.hpp"

namespace turngate::state {

// One subject's budget over gateways, in one hash (budget_key()): the repository's word, and the
// claims by name, each until its end. Time is Redis's. The word is told with each: revision and
// amount, both empty if the caller knows none; the higher revision stays.

// revision, spent, limit, amount, name, lease ms → 1: held.
extern const Script kHoldBudget;

// revision, spent, how many go, their names, then of each that is there: name, amount, ms.
extern const Script kTellBudget;

// → what is claimed, as text.
extern const Script kReadBudget;

} // namespace turngate::state
