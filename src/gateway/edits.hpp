#pragma once

#include "attempt.hpp"

#include "turngate/protocol/edit.hpp"

namespace turngate::gateway {

// What goes up for a create, and how it differs from what came (behaviour.md section 2).
struct Edited
{
    protocol::Edits edits;  // usually none
    bool is_sealed = false; // reasoning goes along that only an account can read
    std::string create{}; // with the edits, or as the body of a POST; empty: the client's own bytes
    net::HttpHeaders headers{}; // of a POST
};

// Step 8. Fault parent_not_found: the context was to be rebuilt, and the chain does not have it for
// that account.
core::Result<Edited> edits_for(const Turn& turn, const Attempt& attempt);

} // namespace turngate::gateway
