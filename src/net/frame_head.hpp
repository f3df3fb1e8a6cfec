#pragma once

#include "turngate/net/frame.hpp"

#include <cstddef>
#include <string_view>

namespace turngate::net {

// A frame's header as it came.
struct FrameHead
{
    std::uint64_t length = 0; // of the payload; the top bit is never set
    std::array<std::uint8_t, 4> mask{};
    std::uint8_t size = 0; // of the header; 0: not all of it has come
    Opcode opcode = Opcode::continuation;
    bool fin = false;
    bool rsv1 = false;
    bool masked = false;

    bool is_control() const noexcept { return static_cast<std::uint8_t>(opcode) >= 0x8; }
    std::uint64_t wire_size() const noexcept { return size + length; }
};

// Reads the header at the start of `bytes` and checks all that it tells by itself (RFC 6455 5.2).
// What depends on the frames before it (fragments, RSV1, the size of the message) is the parser's
// to check.
boost::system::result<FrameHead, FrameFault> read_head(Role role, std::string_view bytes) noexcept;

} // namespace turngate::net
