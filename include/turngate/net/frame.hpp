#pragma once

#include "turngate/core/fault.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::net {

// RFC 6455 framing without I/O: bytes in, frames out; both sides of a connection.

enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xa,
};

enum class Role : std::uint8_t { server, client }; // server: the peer masks; client: we mask

// One message (fragments joined, unmasked, inflated) or control frame.
struct Frame
{
    Opcode opcode = Opcode::text;
    std::string_view payload;
    // The frame exactly as it came, header included: for a peer that may be sent the same bytes.
    // Empty unless the frame was neither masked, fragmented nor compressed.
    std::string_view wire;
    bool is_brief = false; // the views do not outlive the call that passes it; else the whole read
};

// A protocol violation, with the close code it deserves (from the parser: 1002, 1007 or 1009).
struct FrameFault
{
    std::uint16_t close_code = 1002;
    const char* what = ""; // a literal
};

struct FrameLimits
{
    std::uint64_t max_message = 16'777'215; // bytes, after inflation; beyond: 1009; at most 2 GiB
    bool check_utf8 = false;                // text that nobody parses; a JSON parser checks its own
};

// Reads a byte stream. No allocation while complete, unfragmented frames arrive in large reads; a
// frame that spans reads is collected in an own buffer, which is given back when it was delivered.
class FrameParser
{
public:
    FrameParser(Role role, FrameLimits limits);
    ~FrameParser();
    FrameParser(FrameParser&&) noexcept;
    FrameParser& operator=(FrameParser&&) noexcept;

    // After the handshake agreed on permessage-deflate without context takeover in our direction of
    // reading.
    void enable_inflate();

    // Takes bytes in and appends what they complete to `out` (which the caller clears). The views
    // point into `bytes` or into own memory; they are valid until the next call. `bytes` is
    // unmasked in place. After a fault nothing more may be fed; `out` then holds what came before
    // it.
    boost::system::result<void, FrameFault> feed(std::span<char> bytes, std::vector<Frame>& out);

    // True in the middle of a frame or of a fragmented message.
    bool is_partial() const noexcept;

    // While a large frame is half there: where the rest of it may be read to directly, so that it
    // is not copied twice. Empty when there is none. What was read is told by `filled`.
    std::span<char> direct_space() noexcept;
    boost::system::result<void, FrameFault> filled(std::size_t n, std::vector<Frame>& out);

    // The delivered views are finished with: gives their memory back now instead of at the next
    // call, which on an idle connection may be hours away.
    void release_delivered() noexcept;

    std::size_t memory() const noexcept; // bytes held by own buffers; 0 when idle

private:
    struct State;
    std::unique_ptr<State> state_;
};

// A frame's header; masked when we are the client. At most 14 bytes.
struct FrameHeader
{
    std::array<char, 14> bytes;
    std::uint8_t size = 0;
    std::array<std::uint8_t, 4> mask{}; // all zero on the server side

    std::string_view view() const noexcept { return {bytes.data(), size}; }
};

FrameHeader make_header(
    Role role, Opcode opcode, std::uint64_t payload_size, bool compressed = false, bool fin = true);

// XORs bytes with the mask, as if they began `offset` bytes into the payload. Word-wise.
void apply_mask(std::span<char> bytes,
                const std::array<std::uint8_t, 4>& mask,
                std::uint64_t offset = 0) noexcept;
void copy_masked(std::string_view from,
                 char* to,
                 const std::array<std::uint8_t, 4>& mask,
                 std::uint64_t offset) noexcept;

// A close frame's payload: code and reason (cut to 123 bytes of valid UTF-8).
std::string close_payload(std::uint16_t code, std::string_view reason);

struct CloseReason
{
    std::uint16_t code = 1005; // none given
    std::string_view reason;
};

// Valid: empty, or a code that may be on the wire with a UTF-8 reason (RFC 6455 7.4, 5.5.1).
boost::system::result<CloseReason, FrameFault> read_close(std::string_view payload);

// permessage-deflate, sending side: one message, without context takeover, tail 00 00 ff ff taken
// off (RFC 7692 7.2.1). It holds 150 KiB and remembers nothing of a message, so one serves all
// connections of a thread.
class Deflater
{
public:
    explicit Deflater(int window_bits = 15); // 9 to 15; zlib cannot do 8
    ~Deflater();
    Deflater(Deflater&&) noexcept;
    Deflater& operator=(Deflater&&) noexcept;

    // Valid until the next call. `message` is below 4 GiB.
    std::string_view deflate(std::string_view message);

private:
    struct Stream;
    std::unique_ptr<Stream> stream_;
};

[[noreturn]] void throw_exception_from_error(const FrameFault& fault,
                                             const boost::source_location& at);

} // namespace turngate::net
