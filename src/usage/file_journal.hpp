#pragma once

#include "segment.hpp"
#include "turngate/usage/journal.hpp"

#include <atomic>
#include <string>

namespace turngate::usage {

// One loop's writer. append() is the loop's; the rest is safe from every thread.
class FileJournal final : public Journal
{
public:
    FileJournal(Segments& segments, unsigned loop, const JournalOptions& options); // throws
    ~FileJournal() override;

    core::Result<> append(const UsageRecord& record) override;

    // False from a write that failed until one works again, or until the disk takes a trial write
    // (JournalDirectory::sync): new turns are refused meanwhile, so no append would ever find out.
    bool is_healthy() const noexcept override;
    void assume_healthy() noexcept { writes_are_fine_ = true; }

private:
    bool make_room(std::size_t frame);
    bool write_frame();
    bool sync_frame();
    void take_back() noexcept;
    core::Fault refuse(const char* where);

    Segments& segments_;
    const unsigned loop_;
    const std::uint64_t segment_bytes_;
    const bool syncs_each_; // fsync: always
    SegmentPtr segment_;
    std::string frame_;        // keeps its memory
    bool has_garbage_ = false; // behind `published`: nothing may be written there any more
    std::atomic<bool> writes_are_fine_{true};
};

} // namespace turngate::usage
