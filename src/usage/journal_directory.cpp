#include "turngate/usage/journal.hpp"

#include "checkpoint.hpp"
#include "file_journal.hpp"
#include "journal_place.hpp"
#include "posix_file.hpp"
#include "private_files.hpp"
#include "record_scan.hpp"
#include "segment.hpp"
#include "turngate/telemetry/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>

namespace turngate::usage {
namespace {

constexpr std::size_t kRecordsAtOnce = 512;
constexpr std::size_t kLately = 10'000; // records: more than a batch of the settler

bool sync_to(Segment& segment, std::uint64_t end)
{
    if (::fdatasync(segment.fd.get()) != 0)
        return false;
    segment.synced = end;
    return true;
}

// What can be read of it; it need not begin with a record.
void take_between(const Segment& segment,
                  std::uint64_t begin,
                  std::uint64_t end,
                  const TakeRecords& take)
{
    while (begin < end) {
        const std::size_t want = std::min<std::uint64_t>(kScanChunk, end - begin);
        const std::string bytes = read_at(segment.fd, begin, want, segment.path);
        std::vector<UsageRecord> records;
        const std::size_t used = take_records(bytes, kRecordsAtOnce, records);
        if (used == 0 && (bytes.size() < want || begins_with_newer(bytes)))
            return;
        begin += used > 0 ? used : bytes_to_skip(bytes, begin + want == end);
        if (!records.empty())
            take(records);
    }
}

} // namespace

struct JournalDirectory::Parts
{
    explicit Parts(JournalOptions o)
        : options(std::move(o)), place(options.dir, options.put_back_after),
          segments(options.dir, read_checkpoint(options.dir))
    {
    }

    bool read_segment(Segment& segment, std::size_t max, Batch& batch);
    bool may_go(const Segment& segment) const;
    bool sync_segments();
    bool takes_a_trial_write() const;
    void revive_writers();

    JournalOptions options;
    JournalPlace place;
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
    const bool is_held = parts_->place.is_held(parts_->segments);
    const bool is_fine = parts_->sync_segments() && is_held;
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
        try {
            catch_up(*segment);
            is_fine = sync_to(*segment, end) && is_fine;
        } catch (const std::exception&) {
            is_fine = false;
        }
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
    std::string unread; // stands at a record of a newer program
    for (const SegmentPtr& segment : parts_->segments.all()) {
        if (batch.records.size() >= max)
            break;
        if (!parts_->read_segment(*segment, max, batch))
            unread = segment->path;
    }
    if (batch.end.empty() && !unread.empty())
        throw std::runtime_error(unread + ": the journal has bills that a newer turngate has "
                                          "written: they wait until a newer one is started");
    return batch;
}

// False: it goes no further, since there is a record of a newer program.
bool JournalDirectory::Parts::read_segment(Segment& segment, std::size_t max, Batch& batch)
{
    const bool is_closed =
        segment.closed.load(std::memory_order_acquire); // before the end it makes final
    const std::uint64_t end = segment.published.load(std::memory_order_acquire);
    JournalPosition reached{segment.name.text(), segment.settled};
    bool is_readable = true;
    while (reached.offset < end && batch.records.size() < max) {
        const std::size_t want = std::min<std::uint64_t>(kScanChunk, end - reached.offset);
        const std::string bytes = read_at(segment.fd, reached.offset, want, segment.path);
        std::uint64_t left_out = 0;
        const std::size_t used = take_records(bytes, max, batch.records);
        if (used == 0 && begins_with_newer(bytes)) {
            is_readable = false;
            break;
        }
        if (used == 0) {
            segment.spoiled = true;
            left_out = bytes.size() < want ? end - reached.offset // the file was cut
                                           : bytes_to_skip(bytes, reached.offset + want == end);
        }
        reached.torn_bytes += left_out;
        reached.offset += used + left_out;
    }
    batch.torn_bytes += reached.torn_bytes;
    if (reached.offset != segment.settled ||
        (is_closed && reached.offset == end && may_go(segment)))
        batch.end.push_back(std::move(reached));
    return is_readable;
}

// Settled and closed. On a disk that is full, at once.
bool JournalDirectory::Parts::may_go(const Segment& segment) const
{
    if (segment.published == 0 || !segments.disk_is_fine)
        return true;
    return std::chrono::system_clock::now() - changed_at(segment.fd) >= options.keep_settled;
}

void JournalDirectory::each_waiting(const TakeRecords& take) const
{
    for (const SegmentPtr& segment : parts_->segments.all())
        take_between(*segment, segment->settled, segment->published, take);
}

std::vector<UsageRecord> JournalDirectory::settled_lately() const
{
    std::vector<UsageRecord> lately;
    const auto keep = [&](const std::vector<UsageRecord>& records) {
        lately.insert(lately.end(), records.begin(), records.end());
    };
    for (const SegmentPtr& segment : parts_->segments.all()) {
        const std::uint64_t end = segment->settled;
        take_between(*segment, end - std::min<std::uint64_t>(end, kScanChunk), end, keep);
    }
    if (lately.size() > kLately)
        lately.erase(lately.begin(), lately.end() - kLately);
    return lately;
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
        if (segment->closed && segment->settled == segment->published && parts_->may_go(*segment))
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
