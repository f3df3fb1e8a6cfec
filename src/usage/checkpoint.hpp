#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace turngate::usage {

// How far each segment is settled, by file name: `<dir>/checkpoint`, a line each. Losing it costs a
// replay, which the repository's idempotency absorbs; so a file that is not understood reads as
// none.
using Checkpoint = std::map<std::string, std::uint64_t>;

Checkpoint read_checkpoint(const std::string& dir);

// Replaces the file atomically and durably. Throws std::runtime_error.
void write_checkpoint(const std::string& dir, const Checkpoint& checkpoint);

} // namespace turngate::usage
