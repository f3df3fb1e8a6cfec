// Any bytes in any pieces: the same frames or the same fault as at once, views that hold, memory
// that stays in proportion. The first eight bytes of the input say how to cut and what was agreed
// on.

#include "turngate/net/frame.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace {

using namespace turngate::net;

constexpr std::size_t kMost = 4096; // a limit that small inputs reach
constexpr std::size_t kTrusted = 64 * 1024;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

struct Terms
{
    Role role;
    FrameLimits limits;
    bool inflate;
    bool direct;
    std::uint32_t seed;
};

Terms read_terms(const std::uint8_t* data)
{
    Terms terms{.role = (data[0] & 1) != 0 ? Role::server : Role::client,
                .limits = {.max_message = (data[0] & 8) != 0 ? kMost : 1u << 20,
                           .check_utf8 = (data[0] & 2) != 0},
                .inflate = (data[0] & 4) != 0,
                .direct = (data[0] & 16) != 0,
                .seed = 0};
    std::memcpy(&terms.seed, data + 4, sizeof terms.seed);
    return terms;
}

class Reader
{
public:
    explicit Reader(const Terms& terms) : limits_(terms.limits), parser_(terms.role, terms.limits)
    {
        if (terms.inflate)
            parser_.enable_inflate();
    }

    // A block of its own for each piece, so that the sanitizer sees a view that outlives it.
    void feed(std::string_view piece)
    {
        std::vector<char> block(piece.begin(), piece.end());
        std::vector<Frame> frames;
        fed_ += piece.size();
        note(parser_.feed(block, frames), frames);
    }

    std::size_t fill(std::string_view piece)
    {
        const std::span<char> space = parser_.direct_space();
        const std::size_t n = std::min(space.size(), piece.size());
        if (n == 0)
            return 0;
        std::memcpy(space.data(), piece.data(), n);
        std::vector<Frame> frames;
        fed_ += n;
        note(parser_.filled(n, frames), frames);
        return n;
    }

    bool is_over() const { return over_; }
    const std::string& told() const { return told_; }

    void finish()
    {
        if (over_)
            return;
        parser_.release_delivered();
        told_ += parser_.is_partial() ? "partial" : "idle";
        require(parser_.is_partial() || parser_.memory() == 0);
        require(parser_.memory() <= 4 * fed_ + kTrusted);
    }

private:
    void note(const boost::system::result<void, FrameFault>& result,
              const std::vector<Frame>& frames)
    {
        std::size_t delivered = 0;
        for (const Frame& frame : frames) {
            require(frame.payload.size() <= std::max<std::uint64_t>(limits_.max_message, 125));
            require(frame.wire.empty() || frame.wire.ends_with(frame.payload));
            delivered += frame.payload.size();
            told_ += std::to_string(static_cast<int>(frame.opcode)) + ':';
            told_.append(frame.payload).append("|").append(frame.wire).append("\n");
        }
        require(parser_.memory() <= 4 * fed_ + delivered + kTrusted + inflating(result));
        if (!result) {
            over_ = true;
            told_ += std::to_string(result.error().close_code) + result.error().what;
        }
    }

    // A message refused for its text was inflated first.
    std::uint64_t inflating(const boost::system::result<void, FrameFault>& result) const
    {
        return result ? 0 : limits_.max_message;
    }

    FrameLimits limits_;
    FrameParser parser_;
    std::string told_;
    std::size_t fed_ = 0;
    bool over_ = false;
};

void feed_in_pieces(Reader& reader, const Terms& terms, std::string_view rest)
{
    std::uint32_t random = terms.seed | 1;
    while (!rest.empty() && !reader.is_over()) {
        if (terms.direct) {
            rest.remove_prefix(reader.fill(rest));
            if (rest.empty() || reader.is_over())
                break;
        }
        random = random * 1'664'525 + 1'013'904'223;
        const std::size_t most = (random >> 30) == 0 ? rest.size() : 16;
        const std::size_t n = std::min(rest.size(), 1 + (random >> 8) % most);
        reader.feed(rest.substr(0, n));
        rest.remove_prefix(n);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 8)
        return 0;
    const Terms terms = read_terms(data);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 8, size - 8);
    Reader at_once(terms), in_pieces(terms);
    at_once.feed(bytes);
    feed_in_pieces(in_pieces, terms, bytes);
    at_once.finish();
    in_pieces.finish();
    require(at_once.told() == in_pieces.told());
    return 0;
}
