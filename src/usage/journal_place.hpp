#pragma once

#include "posix_file.hpp"
#include "segment.hpp"
#include "turngate/core/clock.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace turngate::usage {

// The directory where a journal's files are, and belong: locked, so that no other process uses it.
// It may be deleted or replaced under a running process, which then still has its files open, but
// nobody will find them. The syncing thread's.
class JournalPlace
{
public:
    // Makes the directory if there is none. Throws std::runtime_error.
    JournalPlace(std::string dir, std::chrono::milliseconds patience);

    // Looks, now and then. False: the files are not where they belong. After a while they are put
    // back: what was written of each is written there again, and goes on being, until its writer
    // has moved on to a new segment.
    bool is_held(Segments& segments);

private:
    bool is_intact(const std::vector<SegmentPtr>& segments) const;
    void put_back(Segments& segments);

    const std::string dir_;
    const std::chrono::milliseconds patience_;
    Fd lock_;
    bool is_held_ = true;
    core::Deadline next_look_{};
    core::Deadline put_back_at_{};
};

// Writes to the segment's second file, if it has one, what its first has got since.
void catch_up(Segment& segment);

} // namespace turngate::usage
