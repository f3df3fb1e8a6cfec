#include "frame_joiner.hpp"

#include "turngate/core/bytes.hpp"

#include "deflate.hpp"

#include <algorithm>
#include <utility>

namespace turngate::net {
namespace {

using Outcome = boost::system::result<void, FrameFault>;

constexpr std::uint64_t kMostBytes = 1ull << 31; // zlib counts in 32 bits

} // namespace

FrameJoiner::FrameJoiner(FrameLimits limits) : limits_(limits)
{
    limits_.max_message = std::min(limits.max_message, kMostBytes);
}

Outcome FrameJoiner::admit(const FrameHead& head) const noexcept
{
    if (head.is_control())
        return {};
    const bool continues = head.opcode == Opcode::continuation;
    if (continues && !is_message_open())
        return FrameFault{1002, "continuation without a message"};
    if (!continues && is_message_open())
        return FrameFault{1002, "message inside a fragmented one"};
    if (head.rsv1 && (continues || !can_inflate_))
        return FrameFault{1002, "compressed where it may not be"};
    if (head.length > room_for(head))
        return FrameFault{1009, "message too big"};
    return {};
}

Outcome FrameJoiner::join(const FrameHead& head, std::string_view wire, std::vector<Frame>& out)
{
    const std::string_view payload = wire.substr(head.size);
    const bool is_alone = head.fin && head.opcode != Opcode::continuation && !head.rsv1;
    if (!is_alone)
        return add_fragment(head, payload, out);
    if (is_bad_text(head.opcode, payload))
        return FrameFault{1007, "text is not UTF-8"};
    out.push_back({head.opcode, payload, head.masked ? std::string_view{} : wire});
    return {};
}

std::string_view FrameJoiner::keep(FrameBuffer&& buffer)
{
    kept_.push_front(std::move(buffer));
    return kept_.front().view();
}

std::size_t FrameJoiner::memory() const noexcept
{
    std::size_t bytes = message_.capacity();
    for (const FrameBuffer& buffer : kept_)
        bytes += buffer.capacity();
    return bytes;
}

// What cannot be compressed grows a little by it, and the limit counts after inflation.
std::uint64_t FrameJoiner::room_for(const FrameHead& head) const noexcept
{
    const bool compressed = head.rsv1 || (is_message_open() && is_compressed_);
    const std::uint64_t slack = compressed ? limits_.max_message / 16 + 64 : 0;
    return limits_.max_message + slack - message_.size();
}

Outcome FrameJoiner::add_fragment(const FrameHead& head,
                                  std::string_view payload,
                                  std::vector<Frame>& out)
{
    if (head.opcode != Opcode::continuation) {
        opcode_ = head.opcode;
        is_compressed_ = head.rsv1;
    }
    if (head.fin && message_.empty())
        return close_message(payload, out);
    message_.append(payload);
    return head.fin ? close_message(keep(std::move(message_)), out) : Outcome{};
}

Outcome FrameJoiner::close_message(std::string_view payload, std::vector<Frame>& out)
{
    const Opcode opcode = std::exchange(opcode_, Opcode::continuation);
    if (is_compressed_) {
        auto inflated = inflate_message(payload, limits_.max_message);
        if (!inflated)
            return inflated.error();
        payload = keep(std::move(*inflated));
    }
    if (is_bad_text(opcode, payload))
        return FrameFault{1007, "text is not UTF-8"};
    out.push_back({opcode, payload, {}});
    return {};
}

bool FrameJoiner::is_bad_text(Opcode opcode, std::string_view payload) const noexcept
{
    return opcode == Opcode::text && limits_.check_utf8 && !core::is_utf8(payload);
}

} // namespace turngate::net
