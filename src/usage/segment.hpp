#pragma once

#include "posix_file.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::usage {

// `<writer>-<number>.journal`. Numbers grow over the directory's whole life: they order segments by
// age, and a checkpoint can never be taken for one of a later segment with the same name.
struct SegmentName
{
    unsigned writer = 0;
    std::uint64_t number = 0;

    std::string text() const;
    static std::optional<SegmentName> parse(std::string_view file);
};

// A file's name with what it was set aside under taken off.
std::string original_name(std::string_view file);

// One file. Its loop writes; the settler reads what is published; nobody waits for anybody.
struct Segment
{
    SegmentName name;
    std::string path;
    Fd fd;
    std::atomic<std::uint64_t> published{
        0}; // whole frames up to here are in the kernel; the loop's to move
    std::atomic<bool> closed{false};  // `published` is final
    std::atomic<bool> spoiled{false}; // damaged: its writer, if it has one, moves on to a new one

    std::atomic<bool> is_retired{false}; // its name is going

    // The syncing thread's.
    std::uint64_t synced = 0;
    Fd again;                 // the file that took this one's place when that was lost
    std::uint64_t copied = 0; // to it

    std::uint64_t settled = 0; // the settling thread's
    bool needs_rename = false; // the settling thread's: to be kept, and has no second name
};

using SegmentPtr = std::shared_ptr<Segment>;

// The directory's files as all threads see them. Appending does not come here; only opening a
// segment does.
class Segments
{
public:
    // Takes over what earlier runs left, as closed segments; `settled` is their checkpoint.
    Segments(std::string dir, const std::map<std::string, std::uint64_t>& settled);

    SegmentPtr open_new(unsigned writer);   // throws
    std::vector<SegmentPtr> all() const;    // oldest first
    void retire(const SegmentPtr& segment); // settled and closed: its name goes

    // Another file that has the segment's name gets one of its own: the next process reads it.
    void displace_other(const Segment& segment); // throws

    // It has so many bytes that are no records: gives it a second name, under which it stays.
    void set_aside(Segment& segment, std::uint64_t torn_bytes);

    // Makes the names of new segments durable, if there are any. Throws.
    void sync_names();

    const std::string& dir() const noexcept { return dir_; }

    std::atomic<std::uint64_t> lag{0};    // bytes written and not yet settled
    std::atomic<bool> disk_is_fine{true}; // the last sync worked

private:
    SegmentName free_name(unsigned writer);
    void take_over(const std::string& file, std::uint64_t settled);

    std::string dir_;
    mutable std::mutex mutex_;
    std::vector<SegmentPtr> segments_;
    std::uint64_t next_number_ = 1;
    std::mutex names_mutex_; // who finds it locked waits for the names it has made, too
    std::atomic<std::uint64_t> names_made_{0};
    std::atomic<std::uint64_t> names_synced_{0};
};

} // namespace turngate::usage
