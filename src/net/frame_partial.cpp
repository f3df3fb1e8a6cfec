#include "frame_partial.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace turngate::net {
namespace {

constexpr std::size_t kTrusted = 64 * 1024; // of an announced length, taken at its word
constexpr std::size_t kDirect = 16 * 1024;  // less than this is not worth a read of its own

} // namespace

std::string_view PartialFrame::add_to_head(std::string_view bytes)
{
    buffer_.append(bytes);
    return buffer_.view();
}

void PartialFrame::begin(const FrameHead& head, std::span<const char> bytes)
{
    head_ = head;
    make_room(bytes.size());
    buffer_.append({bytes.data(), head.size});
    take(bytes.subspan(head.size));
}

std::size_t PartialFrame::take(std::span<const char> bytes)
{
    const std::size_t n = std::min(missing(), bytes.size());
    make_room(n);
    copy_masked({bytes.data(), n}, buffer_.spare().data(), head_.mask, payload_so_far());
    buffer_.commit(n);
    return n;
}

std::span<char> PartialFrame::direct_space() const noexcept
{
    if (!has_head() || missing() < kDirect)
        return {};
    const std::span<char> space = buffer_.spare();
    return space.first(std::min(space.size(), missing()));
}

void PartialFrame::filled(std::size_t n)
{
    if (n > direct_space().size())
        std::abort(); // somebody has written beyond our memory
    apply_mask(buffer_.spare().first(n), head_.mask, payload_so_far());
    buffer_.commit(n);
    make_room(0);
}

FrameBuffer PartialFrame::take_out() noexcept
{
    head_ = {};
    return std::move(buffer_);
}

// The length in a header is a stranger's word: beyond 64 KiB memory follows what has arrived.
void PartialFrame::make_room(std::size_t coming)
{
    const std::size_t total = head_.wire_size();
    const std::size_t arrived = buffer_.size() + coming;
    if (buffer_.capacity() < std::min(total, arrived + kDirect))
        buffer_.reserve(std::min(total, std::max(kTrusted, 2 * arrived)));
}

} // namespace turngate::net
