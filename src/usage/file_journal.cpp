#include "file_journal.hpp"

#include "journal_frame.hpp"
#include "turngate/telemetry/log.hpp"

#include <unistd.h>

#include <cerrno>
#include <exception>

namespace turngate::usage {

FileJournal::FileJournal(Segments& segments, unsigned loop, const JournalOptions& options)
    : segments_(segments), loop_(loop), segment_bytes_(options.segment_bytes),
      syncs_each_(options.fsync.count() == 0), segment_(segments.open_new(loop))
{
}

FileJournal::~FileJournal()
{
    segment_->closed = true;
}

core::Result<> FileJournal::append(const UsageRecord& record)
{
    frame_.clear();
    append_frame(frame_, encode(record));
    if (!make_room(frame_.size()))
        return refuse("journal segment");
    if (!write_frame()) {
        const core::Fault fault = refuse("journal write");
        take_back();
        return fault;
    }
    segments_.lag += frame_.size(); // before it is published: the settler subtracts what it can see
    segment_->published.fetch_add(frame_.size(), std::memory_order_release);
    writes_are_fine_ = true;
    return {};
}

bool FileJournal::is_healthy() const noexcept
{
    return writes_are_fine_ && segments_.disk_is_fine;
}

// A full segment goes on if there is no new one: better a long segment than a lost bill.
bool FileJournal::make_room(std::size_t frame)
{
    const std::uint64_t used = segment_->published;
    const bool is_full = used > 0 && used + frame > segment_bytes_;
    if (!is_full && !has_garbage_ && !segment_->spoiled)
        return true;
    try {
        SegmentPtr fresh = segments_.open_new(loop_);
        segment_->closed = true;
        segment_ = std::move(fresh);
        has_garbage_ = false;
        return true;
    } catch (const std::exception& error) {
        telemetry::log_error("journal segment cannot be opened", {{"error", error.what()}});
        return !has_garbage_;
    }
}

bool FileJournal::write_frame()
{
    if (!write_all(segment_->fd, frame_))
        return false;
    return !syncs_each_ || sync_frame();
}

// The file's name too, or there would be no file to have the frame.
bool FileJournal::sync_frame()
{
    try {
        segments_.sync_names();
    } catch (const std::exception&) {
        return false; // errno says why
    }
    return ::fdatasync(segment_->fd.get()) == 0;
}

// What was written of the failed frame must not stand before the next one.
void FileJournal::take_back() noexcept
{
    const auto good = static_cast<off_t>(segment_->published.load());
    has_garbage_ = ::ftruncate(segment_->fd.get(), good) != 0;
}

core::Fault FileJournal::refuse(const char* where)
{
    const boost::system::error_code cause(errno, boost::system::system_category());
    if (writes_are_fine_.exchange(false))
        telemetry::log_error(
            "journal refuses records",
            {{"segment", segment_->path}, {"step", where}, {"error", cause.message()}});
    return {.code = core::FaultCode::accounting_unavailable, .cause = cause, .where = where};
}

} // namespace turngate::usage
