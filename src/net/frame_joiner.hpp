#pragma once

#include "frame_buffer.hpp"
#include "frame_head.hpp"

#include <forward_list>

namespace turngate::net {

// Makes messages of frames: their order, fragments, inflation, UTF-8 and size.
class FrameJoiner
{
public:
    explicit FrameJoiner(FrameLimits limits);

    void enable_inflate() noexcept { can_inflate_ = true; }
    bool is_message_open() const noexcept { return opcode_ != Opcode::continuation; }

    // May this frame follow those before it? Asked as soon as its header is there.
    boost::system::result<void, FrameFault> admit(const FrameHead& head) const noexcept;

    // An admitted frame that is all there, in `wire`, its payload unmasked.
    boost::system::result<void, FrameFault> join(const FrameHead& head,
                                                 std::string_view wire,
                                                 std::vector<Frame>& out);

    // Holds memory that delivered views point into, until `release_kept`.
    std::string_view keep(FrameBuffer&& buffer);
    void release_kept() noexcept { kept_.clear(); }
    std::size_t memory() const noexcept;

private:
    std::uint64_t room_for(const FrameHead& head) const noexcept;
    boost::system::result<void, FrameFault> add_fragment(const FrameHead& head,
                                                         std::string_view payload,
                                                         std::vector<Frame>& out);
    boost::system::result<void, FrameFault> close_message(std::string_view payload,
                                                          std::vector<Frame>& out);
    bool is_bad_text(Opcode opcode, std::string_view payload) const noexcept;

    FrameLimits limits_;
    FrameBuffer message_; // the fragments so far
    std::forward_list<FrameBuffer> kept_;
    Opcode opcode_ = Opcode::continuation; // of the open message; this: there is none
    bool is_compressed_ = false;
    bool can_inflate_ = false;
};

} // namespace turngate::net
