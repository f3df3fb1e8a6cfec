#include "frame_head.hpp"

#include <cstring>

namespace turngate::net {
namespace {

constexpr std::uint8_t kFin = 0x80, kRsv1 = 0x40, kRsv23 = 0x30, kOpcode = 0x0f, kMasked = 0x80;
constexpr std::uint8_t kLength16 = 126, kLength64 = 127;

std::uint8_t byte_at(std::string_view bytes, std::size_t i) noexcept
{
    return static_cast<std::uint8_t>(bytes[i]);
}

std::uint64_t read_number(std::string_view bytes) noexcept
{
    std::uint64_t value = 0;
    for (const char c : bytes)
        value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
}

// The first two bytes suffice to refuse most nonsense, so a peer that speaks something else is told
// at once.
const char* fault_in_start(Role role, std::uint8_t first, std::uint8_t second) noexcept
{
    const std::uint8_t opcode = first & kOpcode;
    const bool is_control = opcode >= 0x8;
    if ((first & kRsv23) != 0 || (is_control && (first & kRsv1) != 0))
        return "reserved bit set";
    if (opcode > 0xa || (opcode > 0x2 && opcode < 0x8))
        return "reserved opcode";
    if (is_control && (first & kFin) == 0)
        return "fragmented control frame";
    if (is_control && (second & ~kMasked) >= kLength16)
        return "control frame too long";
    if (((second & kMasked) != 0) != (role == Role::server))
        return role == Role::server ? "frame not masked" : "frame masked";
    return nullptr;
}

const char* fault_in_length(std::uint8_t form, std::uint64_t length) noexcept
{
    if (length >> 63 != 0)
        return "length with the top bit set";
    if (length < kLength16 || (form == kLength64 && length <= 0xffff))
        return "length not in its shortest form";
    return nullptr;
}

} // namespace

boost::system::result<FrameHead, FrameFault> read_head(Role role, std::string_view bytes) noexcept
{
    FrameHead head;
    if (bytes.size() < 2)
        return head;
    const std::uint8_t first = byte_at(bytes, 0), second = byte_at(bytes, 1);
    if (const char* what = fault_in_start(role, first, second))
        return FrameFault{1002, what};

    const std::uint8_t form = second & ~kMasked;
    const std::size_t extra = form == kLength64 ? 8 : form == kLength16 ? 2 : 0;
    head.masked = (second & kMasked) != 0;
    const std::size_t size = 2 + extra + (head.masked ? 4 : 0);
    if (bytes.size() < size)
        return head;
    head.length = form;
    if (extra != 0) {
        head.length = read_number(bytes.substr(2, extra));
        if (const char* what = fault_in_length(form, head.length))
            return FrameFault{1002, what};
    }
    if (head.masked)
        std::memcpy(head.mask.data(), bytes.data() + 2 + extra, head.mask.size());
    head.size = static_cast<std::uint8_t>(size);
    head.opcode = static_cast<Opcode>(first & kOpcode);
    head.fin = (first & kFin) != 0;
    head.rsv1 = (first & kRsv1) != 0;
    return head;
}

} // namespace turngate::net
