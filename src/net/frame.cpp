#include "turngate/net/frame.hpp"

#include "turngate/core/bytes.hpp"
#include "turngate/core/id.hpp"

#include <cstring>
#include <stdexcept>

namespace turngate::net {
namespace {

constexpr std::size_t kMaxReason = 123; // a control frame's 125 bytes less the code

void put_number(FrameHeader& header, std::uint64_t value, int bytes) noexcept
{
    for (int i = bytes - 1; i >= 0; --i)
        header.bytes[header.size++] = static_cast<char>(value >> (8 * i));
}

void put_length(FrameHeader& header, std::uint64_t length, std::uint8_t mask_bit) noexcept
{
    if (length < 126)
        return put_number(header, mask_bit | length, 1);
    const bool is_short = length <= 0xffff;
    put_number(header, mask_bit | (is_short ? 126u : 127u), 1);
    put_number(header, length, is_short ? 2 : 8);
}

void put_mask(FrameHeader& header) noexcept
{
    const std::uint32_t key = core::random_u32();
    std::memcpy(header.mask.data(), &key, sizeof key);
    std::memcpy(header.bytes.data() + header.size, &key, sizeof key);
    header.size += sizeof key;
}

// 1004 to 1006 and 1015 are for the local side only, the others unassigned (RFC 6455 7.4, IANA's
// registry).
bool may_be_on_the_wire(std::uint16_t code) noexcept
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

} // namespace

FrameHeader make_header(
    Role role, Opcode opcode, std::uint64_t payload_size, bool compressed, bool fin)
{
    FrameHeader header;
    const bool masked = role == Role::client;
    put_number(
        header, (fin ? 0x80u : 0u) | (compressed ? 0x40u : 0u) | static_cast<unsigned>(opcode), 1);
    put_length(header, payload_size, masked ? 0x80 : 0);
    if (masked)
        put_mask(header);
    return header;
}

std::string close_payload(std::uint16_t code, std::string_view reason)
{
    if (!may_be_on_the_wire(code))
        return {}; // "no code given" is the only honest way to say 1005 or 1006 to a peer
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    return payload += core::clean_utf8(reason, kMaxReason);
}

boost::system::result<CloseReason, FrameFault> read_close(std::string_view payload)
{
    if (payload.empty())
        return CloseReason{};
    if (payload.size() == 1)
        return FrameFault{1002, "close payload of one byte"};
    const auto high = static_cast<std::uint8_t>(payload[0]);
    const auto low = static_cast<std::uint8_t>(payload[1]);
    const CloseReason close{static_cast<std::uint16_t>(high << 8 | low), payload.substr(2)};
    if (!may_be_on_the_wire(close.code))
        return FrameFault{1002, "close code that may not be sent"};
    if (!core::is_utf8(close.reason))
        return FrameFault{1007, "close reason is not UTF-8"};
    return close;
}

void throw_exception_from_error(const FrameFault& fault, const boost::source_location& at)
{
    throw std::logic_error(std::string("unchecked frame fault: ") + fault.what + " in " +
                           at.function_name());
}

} // namespace turngate::net
