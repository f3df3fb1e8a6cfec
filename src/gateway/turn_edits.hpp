#pragma once

#include "turn.hpp"

namespace turngate::gateway {

// What must be changed in a create for its account (behaviour.md section 2). Usually nothing. Fault
// parent_not_found: the context was to be rebuilt, and the chain does not have it.
core::Result<protocol::Edits> edits_for(const Turn& turn);

} // namespace turngate::gateway
