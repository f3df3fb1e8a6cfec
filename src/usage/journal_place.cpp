#include "journal_place.hpp"

#include "private_files.hpp"

#include "turngate/telemetry/log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>

namespace turngate::usage {
namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenLooks = 200ms;
constexpr auto kAgain = 1s;
constexpr std::size_t kCopied = 1 << 20; // at a time

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

bool is_at(const Fd& fd, const std::string& path)
{
    struct ::stat own{};
    struct ::stat there{};
    return ::fstat(fd.get(), &own) == 0 && ::stat(path.c_str(), &there) == 0 &&
           own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

bool is_in_place(const Segment& segment)
{
    const Fd& file = segment.again.get() >= 0 ? segment.again : segment.fd;
    return is_at(file, segment.path) || segment.is_retired; // asked last: it may be just now
}

} // namespace

JournalPlace::JournalPlace(std::string dir, std::chrono::milliseconds patience)
    : dir_(std::move(dir)), patience_(patience), lock_(locked(made_directory(dir_)))
{
}

bool JournalPlace::is_held(Segments& segments)
{
    const auto now = core::Clock::now();
    if (now < next_look_)
        return is_held_;
    next_look_ = now + kBetweenLooks;
    if (is_intact(segments.all())) {
        if (!is_held_)
            telemetry::log_warn("journal is where it belongs again", {{"dir", dir_}});
        return is_held_ = true;
    }
    if (is_held_) {
        put_back_at_ = now + patience_;
        telemetry::log_error("journal is not where it belongs: its files were deleted or moved",
                             {{"dir", dir_}});
    }
    is_held_ = false;
    if (now >= put_back_at_)
        put_back(segments);
    return is_held_;
}

bool JournalPlace::is_intact(const std::vector<SegmentPtr>& segments) const
{
    return is_at(lock_, dir_ + "/lock") &&
           std::ranges::all_of(segments, [](const SegmentPtr& each) { return is_in_place(*each); });
}

void JournalPlace::put_back(Segments& segments)
{
    try {
        made_directory(dir_);
        if (!is_at(lock_, dir_ + "/lock"))
            lock_ = locked(dir_);
        std::uint64_t bytes = 0;
        for (const SegmentPtr& segment : segments.all()) {
            if (is_in_place(*segment))
                continue;
            segment->spoiled = true; // its writer moves on
            segment->again = open_file(segment->path + ".new", O_WRONLY | O_CREAT | O_TRUNC);
            segment->copied = 0;
            catch_up(*segment);
            segments.displace_other(*segment);
            if (std::rename((segment->path + ".new").c_str(), segment->path.c_str()) != 0)
                throw_errno(segment->path, "cannot replace");
            bytes += segment->copied;
        }
        sync_directory(dir_);
        is_held_ = true;
        telemetry::log_warn("journal was made anew, with all that it had",
                            {{"dir", dir_}, {"bytes", bytes}});
    } catch (const std::exception& error) {
        put_back_at_ = core::Clock::now() + kAgain;
        telemetry::log_error("journal cannot be put back", {{"error", error.what()}});
    }
}

void catch_up(Segment& segment)
{
    if (segment.again.get() < 0)
        return;
    const std::uint64_t end = segment.published.load(std::memory_order_acquire);
    if (segment.copied == end)
        return;
    while (segment.copied < end) {
        const std::size_t want = std::min<std::uint64_t>(kCopied, end - segment.copied);
        const std::string bytes = read_at(segment.fd, segment.copied, want, segment.path);
        if (bytes.empty() || !write_all(segment.again, bytes))
            throw_errno(segment.path, "cannot be written again");
        segment.copied += bytes.size();
    }
    if (::fdatasync(segment.again.get()) != 0)
        throw_errno(segment.path, "cannot be synced");
}

} // namespace turngate::usage
