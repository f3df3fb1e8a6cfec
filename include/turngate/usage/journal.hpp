#pragma once

#include "turngate/core/fault.hpp"
#include "turngate/usage/record.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace turngate::usage {

using TakeRecords = std::function<void(const std::vector<UsageRecord>&)>; // some at a time

// Where a loop writes its bills. The record is in the kernel when append returns: it survives the
// process. Interface, because a test puts a failing one in its place.
class Journal
{
public:
    virtual ~Journal() = default;

    // Fault accounting_unavailable: nothing was written (disk full, read-only, broken).
    virtual core::Result<> append(const UsageRecord& record) = 0;
    virtual bool is_healthy() const noexcept = 0;
};

// Append-only segment files `<writer>-<number>.journal` in one directory, each frame: u32 length,
// u32 CRC32C of the payload, payload (little endian). One writer for each loop, so appending takes
// no lock; the settler reads all. A torn tail (crash while writing) is tolerated; `checkpoint`
// (same directory) says how far each segment is settled. Bytes that are no records are left out,
// wherever they are, and the records behind them are read; the segment is kept as
// `<segment>.corrupt`. A record of a newer program is left where it is, and so is what stands
// behind it.
struct JournalOptions
{
    std::string dir;
    std::chrono::milliseconds fsync{
        20}; // group commit: at most this long until the disk has a record; 0: in append
    std::uint64_t segment_bytes = 16 << 20;
    // A settled segment stays so long, for settled_lately() of a next process: this one may be
    // killed before a shared state has heard that these bills have arrived.
    std::chrono::milliseconds keep_settled{0};
    // Who moves the directory away may be about to put it back.
    std::chrono::milliseconds put_back_after{3'000};
};

struct JournalPosition
{
    std::string segment;
    std::uint64_t offset = 0;
    std::uint64_t torn_bytes = 0; // before it, since the last position, that are no records
};

class FileJournal;

// The directory: opens writers, syncs them, reads back what is not settled. Takes a lock on the
// directory (flock): two processes on one journal is a start-up error.
class JournalDirectory
{
public:
    // Throws std::runtime_error with the path and reason when it cannot be used.
    explicit JournalDirectory(JournalOptions options);
    ~JournalDirectory();

    // The writer of one loop; starts a new segment. Used by that loop's thread only; lives as long
    // as the directory.
    Journal& writer(unsigned loop);

    // fdatasync of what was appended since the last call, a trial write for writers that are not
    // healthy, and a look whether the files are still where they belong: if not, no writer is
    // healthy until they are again. After a while the directory is made anew, with all in it that
    // the repository does not have. One thread at a time, beside the one that reads and advances.
    void sync();

    struct Batch
    {
        std::vector<UsageRecord> records;
        std::vector<JournalPosition> end; // where the batch ends, for advance(); empty: there is
                                          // nothing to settle
        std::uint64_t torn_bytes = 0;     // left out on the way
    };

    // Up to max records not yet settled, oldest first. Throws std::runtime_error, too, when all
    // that could be read stands behind a record of a newer program. Settler thread.
    Batch read(std::size_t max);

    // All records not yet settled. Settler thread, or while it does not advance.
    void each_waiting(const TakeRecords& take) const;

    // Some of those that an earlier process settled last. Before anything is read.
    std::vector<UsageRecord> settled_lately() const;

    // The batch is in the repository: writes the checkpoint (atomically) and deletes settled,
    // closed segments.
    void advance(const Batch& batch);

    std::uint64_t lag_bytes() const noexcept; // written and not yet settled; any thread
    std::uint64_t size_bytes() const;         // of all segments; any thread

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace turngate::usage
