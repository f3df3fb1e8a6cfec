#include "line_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace turngate::telemetry {
namespace {

void wait_for_room(int descriptor)
{
    pollfd wanted{descriptor, POLLOUT, 0};
    ::poll(&wanted, 1, -1);
}

// Returns what could not be written: the descriptor is closed, or its disk full.
std::string_view write_all(int descriptor, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written >= 0)
            text.remove_prefix(static_cast<std::size_t>(written));
        else if (errno == EAGAIN)
            wait_for_room(descriptor);
        else if (errno != EINTR)
            break;
    }
    return text;
}

} // namespace

LineWriter::LineWriter(int descriptor, std::size_t most_bytes, Notice notice)
    : descriptor_(descriptor), most_bytes_(most_bytes), notice_(std::move(notice)),
      thread_([this] { run(); })
{
}

LineWriter::~LineWriter()
{
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void LineWriter::put(std::string_view line)
{
    {
        const std::lock_guard lock(mutex_);
        ++puts_;
        // Once one is dropped the next are, too, until the gap can be told at its place.
        if (untold_ > 0 || waiting_.size() + line.size() + 1 > most_bytes_) {
            ++untold_;
            ++dropped_;
        } else {
            waiting_.append(line).push_back('\n');
        }
    }
    changed_.notify_one();
}

bool LineWriter::flush(core::Deadline deadline)
{
    std::unique_lock lock(mutex_);
    return written_.wait_until(lock, deadline, [this, goal = puts_] { return done_ >= goal; });
}

std::uint64_t LineWriter::dropped() const
{
    const std::lock_guard lock(mutex_);
    return dropped_;
}

void LineWriter::run()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return has_work() || is_ending_; });
        if (!has_work())
            return;
        std::string lines = std::exchange(waiting_, {});
        const std::uint64_t dropped = std::exchange(untold_, 0);
        const std::uint64_t puts = puts_;
        lock.unlock();
        if (dropped > 0)
            lines.append(notice_(dropped)).push_back('\n');
        const std::string_view lost = write_all(descriptor_, lines);
        lock.lock();
        dropped_ += static_cast<std::uint64_t>(std::ranges::count(lost, '\n'));
        done_ = puts;
        written_.notify_all();
    }
}

} // namespace turngate::telemetry
