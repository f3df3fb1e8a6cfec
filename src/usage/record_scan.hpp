#pragma once

#include "journal_frame.hpp"
#include "turngate/usage/record.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace turngate::usage {

// To be read at a time. More than one frame always fits, so a chunk that does not begin with a
// whole one is damaged there.
inline constexpr std::size_t kScanChunk = 256 << 10;
static_assert(kScanChunk >= kFrameHead + kMaxPayload);

// Takes whole records from the front of `bytes` until one is not readable, at most so many that
// there are `max`; returns how many bytes they were.
std::size_t take_records(std::string_view bytes,
                         std::size_t max,
                         std::vector<UsageRecord>& records);

// They begin with a whole record that a newer program has written.
bool begins_with_newer(std::string_view bytes);

// How many bytes to leave out, at least one, when `bytes` does not begin with a record: up to the
// next one that is whole, also of a newer program. When there is none: all bytes if they are the
// last, else all but those with which a record could begin that ends behind them.
std::size_t bytes_to_skip(std::string_view bytes, bool are_last);

} // namespace turngate::usage
