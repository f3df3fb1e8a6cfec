#include "turngate/net/outbox.hpp"

#include <algorithm>
#include <utility>

namespace turngate::net {
namespace {

constexpr std::size_t kKeepQueue = 4096; // a drained queue larger than this is given back
constexpr std::size_t kFirstCopies = 1024;
constexpr std::size_t kMoreCopies = 16 * 1024;

} // namespace

void Outbox::borrow(std::string_view wire)
{
    if (wire.empty())
        return;
    if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == wire.data())
        pieces_.back() = {pieces_.back().data(), pieces_.back().size() + wire.size()};
    else
        pieces_.push_back(wire);
}

// What lies side by side becomes one piece.
void Outbox::append(std::string_view bytes)
{
    if (copies_.empty() || copies_.back().capacity() - copies_.back().size() < bytes.size()) {
        const std::size_t room = copies_.empty() ? kFirstCopies : kMoreCopies;
        copies_.emplace_back().reserve(std::max(room, bytes.size()));
    }
    std::string& copy = copies_.back();
    const std::size_t at = copy.size();
    copy.append(bytes);
    borrow(std::string_view(copy).substr(at));
}

void Outbox::write(std::string bytes)
{
    flush();
    if (queued() > 0) {
        queue(bytes);
        return;
    }
    const IoResult written = stream_.try_write(bytes);
    bytes_ += written.size;
    if (written.state == IoState::done)
        return;
    queue_ = std::move(bytes);
    head_ = written.size;
    note_stuck();
}

void Outbox::flush()
{
    if (pieces_.empty())
        return;
    std::size_t written = 0;
    const bool is_queued = queued() > 0;
    if (!is_queued) {
        const IoResult result = stream_.try_write(pieces_);
        written = result.size;
        bytes_ += written;
    }
    for (std::string_view piece : pieces_) {
        const std::size_t skip = std::min(written, piece.size());
        written -= skip;
        piece.remove_prefix(skip);
        if (!piece.empty())
            queue(piece);
    }
    pieces_.clear();
    copies_.clear();
    if (!is_queued && queued() > 0)
        note_stuck();
}

void Outbox::queue(std::string_view bytes)
{
    if (!stream_.is_open())
        return;
    queue_.append(bytes);
    was_congested_ = was_congested_ || is_congested();
}

// The queue has begun: the kernel says when there is room again.
void Outbox::note_stuck()
{
    was_congested_ = was_congested_ || is_congested();
    progress_ = core::Clock::now();
}

Outbox::Room Outbox::write_queue()
{
    if (queued() == 0)
        return Room::fine;
    const IoResult written = stream_.try_write(std::string_view(queue_).substr(head_));
    head_ += written.size;
    bytes_ += written.size;
    if (written.size > 0)
        progress_ = core::Clock::now();
    const bool is_lost = written.state == IoState::failed;
    if (is_lost)
        head_ = queue_.size();
    const Room room = shrink();
    return is_lost ? Room::lost : room;
}

Outbox::Room Outbox::shrink()
{
    if (queued() == 0) {
        head_ = 0;
        queue_.clear();
        if (queue_.capacity() > kKeepQueue)
            std::string().swap(queue_);
    } else if (head_ > high_water_ / 2 && head_ > queue_.size() / 2) {
        queue_.erase(0, head_);
        head_ = 0;
    }
    const bool has_drained = was_congested_ && queued() <= high_water_ / 2;
    was_congested_ = was_congested_ && !has_drained;
    return has_drained ? Room::drained : Room::fine;
}

} // namespace turngate::net
