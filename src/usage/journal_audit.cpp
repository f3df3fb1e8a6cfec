#include "journal_audit.hpp"

#include "checkpoint.hpp"
#include "posix_file.hpp"
#include "record_scan.hpp"
#include "segment.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>

namespace turngate::usage {
namespace {

constexpr std::size_t kBatch = 512;

struct Stretch
{
    const Fd& file;
    const std::string& path;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool is_growing = false; // its last bytes may be a record that is being written
};

// Returns the bytes that are no records.
std::uint64_t read_stretch(const Stretch& stretch, const TakeRecords& take)
{
    std::uint64_t torn = 0;
    std::uint64_t at = stretch.begin;
    while (at < stretch.end) {
        const std::size_t want = std::min<std::uint64_t>(kScanChunk, stretch.end - at);
        const std::string bytes = read_at(stretch.file, at, want, stretch.path);
        if (bytes.size() < want) // cut meanwhile: a writer took back what it could not finish
            break;
        std::vector<UsageRecord> records;
        const std::size_t used = take_records(bytes, kBatch, records);
        if (used == 0 && begins_with_newer(bytes))
            throw std::runtime_error(stretch.path + ": has records of a newer turngate");
        const std::size_t skipped = used > 0 ? 0 : bytes_to_skip(bytes, at + want == stretch.end);
        at += used + skipped;
        if (at < stretch.end || !stretch.is_growing)
            torn += skipped;
        if (used > 0)
            take(records);
    }
    return torn;
}

// Nothing: it is settled and gone.
std::optional<Fd> open_if_there(const std::string& path)
{
    try {
        return open_file(path, O_RDONLY);
    } catch (const std::runtime_error&) {
        if (std::filesystem::exists(path))
            throw;
        return std::nullopt;
    }
}

void audit_segment(const std::string& path,
                   std::uint64_t settled,
                   const TakeRecords& take,
                   JournalAudit& audit)
{
    const auto file = open_if_there(path);
    if (!file)
        return;
    const std::uint64_t size = size_of(*file, path);
    const std::uint64_t reached = std::min(settled, size);
    audit.torn_bytes += read_stretch({*file, path, 0, reached, false}, [&](const auto& records) {
        audit.settled += records.size();
        take(records);
    });
    audit.torn_bytes += read_stretch({*file, path, reached, size, true},
                                     [&](const auto& records) { audit.waiting += records.size(); });
}

std::set<std::string> files_in(const std::string& dir)
{
    std::error_code error;
    const std::filesystem::directory_iterator entries(dir, error);
    if (error)
        throw std::runtime_error(dir + ": there is no journal to compare with: " + error.message());
    std::set<std::string> files;
    for (const auto& entry : entries)
        files.insert(entry.path().filename().string());
    return files;
}

} // namespace

// The checkpoint is read first: what it calls settled stays so, however far settling gets
// meanwhile.
JournalAudit audit_journal(const std::string& dir, const TakeRecords& take)
{
    constexpr auto kAll = std::numeric_limits<std::uint64_t>::max();
    const Checkpoint checkpoint = read_checkpoint(dir);
    const std::set<std::string> files = files_in(dir);
    JournalAudit audit;
    for (const std::string& file : files) {
        const std::string original = original_name(file);
        if (!SegmentName::parse(original) || (file != original && files.contains(original)))
            continue;
        const auto known = checkpoint.find(file);
        const std::uint64_t settled = file != original            ? kAll
                                      : known == checkpoint.end() ? 0
                                                                  : known->second;
        audit_segment(dir + "/" + file, settled, take, audit);
    }
    return audit;
}

} // namespace turngate::usage
