#include "segment.hpp"

#include "turngate/telemetry/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>

namespace turngate::usage {
namespace {

constexpr std::string_view kEnding = ".journal";
constexpr std::string_view kTornEnding = ".corrupt";

template <class T>
bool take_number(std::string_view& text, T& value)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc();
}

} // namespace

std::string original_name(std::string_view file)
{
    if (file.ends_with(kTornEnding))
        file.remove_suffix(kTornEnding.size());
    return std::string(file);
}

std::string SegmentName::text() const
{
    char text[64];
    std::snprintf(text,
                  sizeof text,
                  "%u-%010llu%s",
                  writer,
                  static_cast<unsigned long long>(number),
                  kEnding.data());
    return text;
}

std::optional<SegmentName> SegmentName::parse(std::string_view file)
{
    SegmentName name;
    std::string_view rest = file;
    if (!take_number(rest, name.writer) || !rest.starts_with('-'))
        return std::nullopt;
    rest.remove_prefix(1);
    if (!take_number(rest, name.number) || name.text() != file)
        return std::nullopt;
    return name;
}

Segments::Segments(std::string dir, const std::map<std::string, std::uint64_t>& settled)
    : dir_(std::move(dir))
{
    const auto count = [this](std::string_view file) {
        const auto name = SegmentName::parse(original_name(file));
        if (name)
            next_number_ = std::max(next_number_, name->number + 1);
    };
    for (const auto& [file, offset] : settled)
        count(file);
    for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
        const std::string file = entry.path().filename().string();
        count(file);
        const auto known = settled.find(file);
        if (SegmentName::parse(file))
            take_over(file, known == settled.end() ? 0 : known->second);
    }
    std::ranges::sort(segments_, {}, [](const SegmentPtr& s) { return s->name.number; });
}

void Segments::take_over(const std::string& file, std::uint64_t settled)
{
    auto segment = std::make_shared<Segment>();
    segment->name = *SegmentName::parse(file);
    segment->path = dir_ + "/" + file;
    segment->fd = open_file(segment->path, O_RDONLY);
    const std::uint64_t size = size_of(segment->fd, segment->path);
    // The checkpoint may be ahead of a file that lost its unsynced end: those records are in the
    // repository.
    segment->settled = std::min(settled, size);
    segment->published = size;
    segment->closed = true;
    lag += size - segment->settled;
    segments_.push_back(std::move(segment));
}

SegmentPtr Segments::open_new(unsigned writer)
{
    const std::lock_guard lock(mutex_);
    auto segment = std::make_shared<Segment>();
    segment->name = free_name(writer);
    segment->path = dir_ + "/" + segment->name.text();
    segment->fd = open_file(segment->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND);
    ++names_made_;
    segments_.push_back(segment);
    return segment;
}

// A directory that was put in our one's place may have anything in it.
SegmentName Segments::free_name(unsigned writer)
{
    SegmentName name{writer, next_number_++};
    while (std::filesystem::exists(dir_ + "/" + name.text()))
        name.number = next_number_++;
    return name;
}

void Segments::displace_other(const Segment& segment)
{
    const std::lock_guard lock(mutex_);
    if (!std::filesystem::exists(segment.path))
        return;
    const std::string path = dir_ + "/" + free_name(segment.name.writer).text();
    if (std::rename(segment.path.c_str(), path.c_str()) != 0)
        throw_errno(segment.path, "cannot rename");
}

std::vector<SegmentPtr> Segments::all() const
{
    const std::lock_guard lock(mutex_);
    return segments_;
}

// A file that cannot be removed is forgotten all the same: at the next start it is replayed, and
// the repository knows its records already.
void Segments::retire(const SegmentPtr& segment)
{
    segment->is_retired = true;
    const std::string aside = segment->path + std::string(kTornEnding);
    const int failed = segment->needs_rename ? std::rename(segment->path.c_str(), aside.c_str())
                                             : std::remove(segment->path.c_str());
    if (failed != 0)
        telemetry::log_error("journal segment cannot be removed",
                             {{"segment", segment->path}, {"errno", errno}});
    const std::lock_guard lock(mutex_);
    std::erase(segments_, segment);
}

// At once, so that it also stays when this process ends before the segment is settled.
void Segments::set_aside(Segment& segment, std::uint64_t torn_bytes)
{
    const std::string aside = segment.path + std::string(kTornEnding);
    const bool is_linked = ::link(segment.path.c_str(), aside.c_str()) == 0 || errno == EEXIST;
    segment.needs_rename = !is_linked; // a file system without links
    telemetry::log_error("journal segment has bytes that are no records",
                         {{"kept_as", aside}, {"bytes", torn_bytes}});
}

void Segments::sync_names()
{
    if (names_synced_ == names_made_)
        return;
    const std::lock_guard lock(names_mutex_);
    const std::uint64_t made = names_made_;
    sync_directory(dir_);
    names_synced_ = made;
}

} // namespace turngate::usage
