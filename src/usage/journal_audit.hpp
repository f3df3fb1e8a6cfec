#pragma once

#include "turngate/usage/journal.hpp"

#include <cstdint>
#include <string>

namespace turngate::usage {

// What a journal holds, seen from outside.
struct JournalAudit
{
    std::uint64_t settled = 0;    // records up to the checkpoint
    std::uint64_t waiting = 0;    // records behind it
    std::uint64_t torn_bytes = 0; // that are no records; but for an end that may still be written
};

// Reads the journal in `dir`, also beside the process that writes and settles it: takes no lock,
// changes nothing, and is content with segments that vanish. Segments that were set aside are read
// too: all of them was settled. `take` gets the settled records, some at a time. Throws
// std::runtime_error.
JournalAudit audit_journal(const std::string& dir, const TakeRecords& take);

} // namespace turngate::usage
