#pragma once

#include "redis_script.hpp"

namespace turngate::state {

// What gateways do together with the slots of one name; the keys are those of SlotKeys, in order.
// Time is Redis's, so that clocks need not agree.

// limit, count, lease ms, gateway, waited ms or -1, member's prefix, first member's number →
// members added. Whoever has waited longer elsewhere goes first.
extern const Script kTakeSlots;

// channel, name, members…
extern const Script kGiveBackSlots;

// channel, name, gateway: it waits no more.
extern const Script kLeaveSlots;

// lease ms, members…: those that were forgotten (expired, flushed) are there again.
extern const Script kRenewSlots;

// channel, name, prefix of a gateway's members, prefix of those of its present life → removed.
extern const Script kPurgeSlots;

} // namespace turngate::state
