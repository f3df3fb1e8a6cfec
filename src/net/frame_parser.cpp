#include "turngate/net/frame.hpp"

#include "frame_joiner.hpp"
#include "frame_partial.hpp"

#include <utility>

namespace turngate::net {
namespace {

using Outcome = boost::system::result<void, FrameFault>;

} // namespace

struct FrameParser::State
{
    Outcome feed(std::span<char> bytes, std::vector<Frame>& out);
    Outcome take_whole_frames(std::span<char> bytes, std::vector<Frame>& out);
    Outcome go_on(std::span<char>& bytes, std::vector<Frame>& out);
    Outcome finish_head(std::span<char>& bytes);
    void begin(const FrameHead& head, std::span<const char> bytes);
    Outcome deliver_partial(std::vector<Frame>& out);
    boost::system::result<FrameHead, FrameFault> next_head(std::string_view bytes) const noexcept;

    Role role;
    FrameJoiner joiner;
    PartialFrame partial{};
};

Outcome FrameParser::State::feed(std::span<char> bytes, std::vector<Frame>& out)
{
    static_assert(sizeof(State) <= 120, "held by every idle connection");
    joiner.release_kept();
    if (!partial.empty()) {
        if (auto done = go_on(bytes, out); !done)
            return done;
    }
    return take_whole_frames(bytes, out);
}

// The hot path: most reads hold hardly anything but whole frames.
Outcome FrameParser::State::take_whole_frames(std::span<char> bytes, std::vector<Frame>& out)
{
    while (!bytes.empty()) {
        const auto head = next_head({bytes.data(), bytes.size()});
        if (!head)
            return head.error();
        if (head->size == 0 || head->wire_size() > bytes.size()) {
            begin(*head, bytes);
            break;
        }
        const std::span<char> wire = bytes.first(head->wire_size());
        if (head->masked)
            apply_mask(wire.subspan(head->size), head->mask);
        if (auto done = joiner.join(*head, {wire.data(), wire.size()}, out); !done)
            return done;
        bytes = bytes.subspan(wire.size());
    }
    return {};
}

// Takes from `bytes` what the frame begun in an earlier read still lacks.
Outcome FrameParser::State::go_on(std::span<char>& bytes, std::vector<Frame>& out)
{
    if (auto done = finish_head(bytes); !done || !partial.has_head())
        return done;
    bytes = bytes.subspan(partial.take(bytes));
    return partial.is_whole() ? deliver_partial(out) : Outcome{};
}

// At most 13 bytes; one by one, since only they tell where they end.
Outcome FrameParser::State::finish_head(std::span<char>& bytes)
{
    while (!partial.has_head() && !bytes.empty()) {
        const auto head = next_head(partial.add_to_head({bytes.data(), 1}));
        if (!head)
            return head.error();
        partial.know(*head);
        bytes = bytes.subspan(1);
    }
    return {};
}

void FrameParser::State::begin(const FrameHead& head, std::span<const char> bytes)
{
    if (head.size == 0)
        partial.add_to_head({bytes.data(), bytes.size()});
    else
        partial.begin(head, bytes);
}

Outcome FrameParser::State::deliver_partial(std::vector<Frame>& out)
{
    const FrameHead head = partial.head();
    return joiner.join(head, joiner.keep(partial.take_out()), out);
}

// Size 0 while it is not all there. What is wrong is told as soon as it can be known.
boost::system::result<FrameHead, FrameFault> FrameParser::State::next_head(
    std::string_view bytes) const noexcept
{
    const auto head = read_head(role, bytes);
    if (!head || head->size == 0)
        return head;
    if (const auto admitted = joiner.admit(*head); !admitted)
        return admitted.error();
    return head;
}

FrameParser::FrameParser(Role role, FrameLimits limits)
    : state_(new State{role, FrameJoiner(limits)})
{
}

FrameParser::~FrameParser() = default;
FrameParser::FrameParser(FrameParser&&) noexcept = default;
FrameParser& FrameParser::operator=(FrameParser&&) noexcept = default;

void FrameParser::enable_inflate()
{
    state_->joiner.enable_inflate();
}

Outcome FrameParser::feed(std::span<char> bytes, std::vector<Frame>& out)
{
    return state_->feed(bytes, out);
}

bool FrameParser::is_partial() const noexcept
{
    return !state_->partial.empty() || state_->joiner.is_message_open();
}

std::span<char> FrameParser::direct_space() noexcept
{
    return state_->partial.direct_space();
}

Outcome FrameParser::filled(std::size_t n, std::vector<Frame>& out)
{
    state_->joiner.release_kept();
    state_->partial.filled(n);
    return state_->partial.is_whole() ? state_->deliver_partial(out) : Outcome{};
}

void FrameParser::release_delivered() noexcept
{
    state_->joiner.release_kept();
}

std::size_t FrameParser::memory() const noexcept
{
    return state_->partial.capacity() + state_->joiner.memory();
}

} // namespace turngate::net
