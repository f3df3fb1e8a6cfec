#pragma once

#include "frame_buffer.hpp"
#include "frame_head.hpp"

namespace turngate::net {

// A frame that spans reads, as it came: header, then payload, unmasked while it arrives.
class PartialFrame
{
public:
    bool empty() const noexcept { return buffer_.empty(); }
    bool has_head() const noexcept { return head_.size != 0; }
    bool is_whole() const noexcept { return has_head() && missing() == 0; }
    const FrameHead& head() const noexcept { return head_; }
    std::size_t capacity() const noexcept { return buffer_.capacity(); }

    // Before the header is whole: its bytes, from the first one on; then what they turned out to
    // say.
    std::string_view add_to_head(std::string_view bytes);
    void know(const FrameHead& head) noexcept { head_ = head; }

    // For a frame whose whole header leads `bytes`, which hold less than the frame.
    void begin(const FrameHead& head, std::span<const char> bytes);
    // Takes what the payload lacks and tells how much that was.
    std::size_t take(std::span<const char> bytes);

    // Where the rest of a large frame may be received; `filled` may make the next such space.
    std::span<char> direct_space() const noexcept;
    void filled(std::size_t n);

    FrameBuffer take_out() noexcept; // the whole frame; empty afterwards

private:
    std::size_t missing() const noexcept { return head_.wire_size() - buffer_.size(); }
    std::uint64_t payload_so_far() const noexcept { return buffer_.size() - head_.size; }
    void make_room(std::size_t coming);

    FrameHead head_; // its size is 0 until all of it is there
    FrameBuffer buffer_;
};

} // namespace turngate::net
