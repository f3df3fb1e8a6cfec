#pragma once

#include "turngate/core/bytes.hpp"
#include "turngate/net/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace turngate::net::test {

struct Terms
{
    Role role = Role::client;
    FrameLimits limits{};
    bool inflate = false;
};

inline FrameParser make_parser(const Terms& terms)
{
    FrameParser parser(terms.role, terms.limits);
    if (terms.inflate)
        parser.enable_inflate();
    return parser;
}

// A frame that outlives its memory.
struct Message
{
    Opcode opcode = Opcode::text;
    std::string payload;
    std::string wire;

    bool operator==(const Message&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Message& message)
{
    return out << "opcode " << static_cast<int>(message.opcode) << ", " << message.payload.size()
               << " bytes, wire of " << message.wire.size() << ": "
               << message.payload.substr(0, 40);
}

// What came of a stream of bytes.
struct Reading
{
    std::vector<Message> messages;
    std::uint16_t close_code = 0; // 0: no fault
    std::string what;
    bool is_partial = false;

    bool operator==(const Reading&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Reading& reading)
{
    for (const Message& message : reading.messages)
        out << message << "; ";
    return out << "fault " << reading.close_code << ' ' << reading.what
               << (reading.is_partial ? ", partial" : "");
}

// Feeds in pieces, each in a block of its own, so that a view that should not survive is caught.
class Reader
{
public:
    explicit Reader(const Terms& terms) : parser_(make_parser(terms)) {}

    void feed(std::string_view piece)
    {
        std::vector<char> block(piece.begin(), piece.end());
        std::vector<Frame> frames;
        take(parser_.feed(block, frames), frames);
    }

    // As a connection does it: straight into the parser's space where it offers some.
    void receive(std::string_view piece)
    {
        while (!piece.empty() && !is_over()) {
            const std::span<char> space = parser_.direct_space();
            if (space.empty())
                return feed(piece);
            const std::size_t n = std::min(space.size(), piece.size());
            std::memcpy(space.data(), piece.data(), n);
            std::vector<Frame> frames;
            take(parser_.filled(n, frames), frames);
            piece.remove_prefix(n);
        }
    }

    bool is_over() const { return reading_.close_code != 0; }
    FrameParser& parser() { return parser_; }

    Reading finish()
    {
        reading_.is_partial = !is_over() && parser_.is_partial();
        return reading_;
    }

private:
    void take(const boost::system::result<void, FrameFault>& result,
              const std::vector<Frame>& frames)
    {
        for (const Frame& frame : frames)
            reading_.messages.push_back(
                {frame.opcode, std::string(frame.payload), std::string(frame.wire)});
        if (!result) {
            reading_.close_code = result.error().close_code;
            reading_.what = result.error().what;
        }
    }

    FrameParser parser_;
    Reading reading_;
};

// `cuts` ascending.
inline Reading read_in_pieces(const Terms& terms,
                              std::string_view bytes,
                              const std::vector<std::size_t>& cuts)
{
    Reader reader(terms);
    std::size_t from = 0;
    for (std::size_t i = 0; i <= cuts.size() && !reader.is_over(); ++i) {
        const std::size_t to = i < cuts.size() ? cuts[i] : bytes.size();
        reader.feed(bytes.substr(from, to - from));
        from = to;
    }
    return reader.finish();
}

inline Reading read_at_once(const Terms& terms, std::string_view bytes)
{
    return read_in_pieces(terms, bytes, {});
}

inline std::string hex(std::string_view text)
{
    std::string digits;
    std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != ' '; });
    return core::from_hex(digits).value();
}

// A frame as the sender of `role` makes it.
inline std::string encode(
    Role role, Opcode opcode, std::string_view payload, bool compressed = false, bool fin = true)
{
    const FrameHeader header = make_header(role, opcode, payload.size(), compressed, fin);
    std::string bytes(header.view());
    bytes += payload;
    apply_mask(std::span(bytes).subspan(header.size), header.mask);
    return bytes;
}

inline std::string as_server(Opcode opcode, std::string_view payload, bool fin = true)
{
    return encode(Role::server, opcode, payload, false, fin);
}

} // namespace turngate::net::test
