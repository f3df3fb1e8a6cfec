#include "turngate/usage/journal.hpp"

#include "checkpoint.hpp"
#include "file_journal.hpp"
#include "posix_file.hpp"
#include "private_files.hpp"
#include "record_scan.hpp"
#include "segment.hpp"
#include "turngate/telemetry/log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>

namespace turngate::usage {
namespace {

std::string made_directory(const std::string& dir)
{
    make_private_directory(dir);
    return dir;
}

Fd locked(const std::string& dir)
{
    const std::string path = dir + "/lock";
    Fd fd = open_file(path, O_RDWR | O_CREAT);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        throw_errno(path, "another process uses this journal");
    return fd;
}

} // namespace

struct JournalDirectory::Parts
{
    explicit Parts(JournalOptions o)
        : options(std::move(o)), lock(locked(made_directory(options.dir))),
          segments(options.dir, read_checkpoint(options.dir))
    {
    }

    void read_segment(Segment& segment, std::size_t max, Batch& batch);
    bool sync_segments();
    bool takes_a_trial_write() const;
    void revive_writers();

    JournalOptions options;
    Fd lock;
    Segments segments;
    std::mutex writers_mutex;
    std::map<unsigned, std::unique_ptr<FileJournal>> writers;
};

JournalDirectory::JournalDirectory(JournalOptions options)
    : parts_(std::make_unique<Parts>(std::move(options)))
{
}

JournalDirectory::~JournalDirectory() = default;

Journal& JournalDirectory::writer(unsigned loop)
{
    const std::lock_guard guard(parts_->writers_mutex);
    auto& writer = parts_->writers[loop];
    if (!writer)
        writer = std::make_unique<FileJournal>(parts_->segments, loop, parts_->options);
    return *writer;
}

void JournalDirectory::sync()
{
    const bool is_fine = parts_->sync_segments();
    if (parts_->segments.disk_is_fine.exchange(is_fine) != is_fine)
        telemetry::log_warn(is_fine ? "journal is synced again" : "journal cannot be synced",
                            {{"dir", parts_->options.dir}});
    parts_->revive_writers();
}

bool JournalDirectory::Parts::sync_segments()
{
    bool is_fine = true;
    for (const SegmentPtr& segment : segments.all()) {
        const std::uint64_t end = segment->published.load(std::memory_order_acquire);
        if (segment->synced == end)
            continue;
        if (::fdatasync(segment->fd.get()) == 0)
            segment->synced = end;
        else
            is_fine = false;
    }
    try {
        segments.sync_names();
    } catch (const std::exception&) {
        is_fine = false;
    }
    return is_fine;
}

void JournalDirectory::Parts::revive_writers()
{
    const std::lock_guard guard(writers_mutex);
    const auto is_ill = [](const auto& entry) { return !entry.second->is_healthy(); };
    if (std::ranges::none_of(writers, is_ill) || !takes_a_trial_write())
        return;
    for (auto& [loop, writer] : writers)
        writer->assume_healthy();
}

// Room for a good number of bills, not just for one.
bool JournalDirectory::Parts::takes_a_trial_write() const
{
    const std::string path = options.dir + "/trial";
    try {
        const Fd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
        const bool is_fine =
            write_all(fd, std::string(64 << 10, '\0')) && ::fdatasync(fd.get()) == 0;
        ::unlink(path.c_str());
        return is_fine;
    } catch (const std::exception&) {
        return false;
    }
}

JournalDirectory::Batch JournalDirectory::read(std::size_t max)
{
    Batch batch;
    for (const SegmentPtr& segment : parts_->segments.all()) {
        if (batch.records.size() >= max)
            break;
        parts_->read_segment(*segment, max, batch);
    }
    return batch;
}

void JournalDirectory::Parts::read_segment(Segment& segment, std::size_t max, Batch& batch)
{
    const bool is_closed =
        segment.closed.load(std::memory_order_acquire); // before the end it makes final
    const std::uint64_t end = segment.published.load(std::memory_order_acquire);
    JournalPosition reached{segment.name.text(), segment.settled};
    while (reached.offset < end && batch.records.size() < max) {
        const std::size_t want = std::min<std::uint64_t>(kScanChunk, end - reached.offset);
        const std::string bytes = read_at(segment.fd, reached.offset, want, segment.path);
        std::uint64_t left_out = 0;
        const std::size_t used = take_records(bytes, max, batch.records);
        if (used == 0) {
            segment.spoiled = true;
            left_out = bytes.size() < want ? end - reached.offset // the file was cut
                                           : bytes_to_skip(bytes, reached.offset + want == end);
        }
        reached.torn_bytes += left_out;
        reached.offset += used + left_out;
    }
    batch.torn_bytes += reached.torn_bytes;
    if (reached.offset != segment.settled || (is_closed && reached.offset == end))
        batch.end.push_back(std::move(reached));
}

void JournalDirectory::advance(const Batch& batch)
{
    Segments& segments = parts_->segments;
    Checkpoint checkpoint;
    for (const SegmentPtr& segment : segments.all()) {
        const std::string name = segment->name.text();
        const auto reached = std::ranges::find(batch.end, name, &JournalPosition::segment);
        if (reached != batch.end.end()) {
            segments.lag -= reached->offset - segment->settled;
            segment->settled = reached->offset;
            if (reached->torn_bytes > 0)
                segments.set_aside(*segment, reached->torn_bytes);
        }
        // Deleting comes first: the records are in the repository, and a full disk needs the room
        // for the checkpoint.
        if (segment->closed && segment->settled == segment->published)
            segments.retire(segment);
        else
            checkpoint[name] = segment->settled;
    }
    write_checkpoint(segments.dir(), checkpoint);
}

std::uint64_t JournalDirectory::size_bytes() const
{
    std::uint64_t size = 0;
    for (const SegmentPtr& segment : parts_->segments.all())
        size += segment->published;
    return size;
}

std::uint64_t JournalDirectory::lag_bytes() const noexcept
{
    return parts_->segments.lag;
}

} // namespace turngate::usage
