#include "turngate/net/frame.hpp"

#include "frame_reading.hpp"

#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

constexpr std::size_t kKiB = 1024, kMiB = 1024 * kKiB;
const Terms kClient{.role = Role::client};
const Terms kServer{.role = Role::server};

bool lies_in(std::string_view view, std::span<const char> bytes)
{
    return view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size();
}

TEST(FrameMemory, WholeFramesAreReadWhereTheyLie)
{
    for (const Terms& terms : {kClient, kServer}) {
        const Role sender = terms.role == Role::client ? Role::server : Role::client;
        std::string bytes;
        for (int i = 0; i < 500; ++i)
            bytes += encode(sender, Opcode::text, "event " + std::to_string(i));
        FrameParser parser = make_parser(terms);
        std::vector<Frame> frames;
        ASSERT_TRUE(parser.feed(bytes, frames));
        ASSERT_EQ(frames.size(), 500);
        EXPECT_EQ(frames[499].payload, "event 499");
        for (const Frame& frame : frames)
            EXPECT_TRUE(lies_in(frame.payload, bytes));
        EXPECT_EQ(parser.memory(), 0);
    }
}

TEST(FrameMemory, AFrameOverTwoReadsIsHeldUntilTheNextCall)
{
    std::string bytes = as_server(Opcode::text, std::string(1000, 'x'));
    FrameParser parser = make_parser(kClient);
    std::vector<Frame> frames;
    ASSERT_TRUE(parser.feed(std::span(bytes).first(500), frames));
    EXPECT_TRUE(frames.empty());
    EXPECT_EQ(parser.memory(), bytes.size());
    ASSERT_TRUE(parser.feed(std::span(bytes).subspan(500), frames));
    ASSERT_EQ(frames.size(), 1);
    EXPECT_EQ(frames[0].wire, bytes);
    EXPECT_EQ(parser.memory(), bytes.size());
    frames.clear();
    ASSERT_TRUE(parser.feed({}, frames));
    EXPECT_EQ(parser.memory(), 0);
}

TEST(FrameMemory, WhatWasDeliveredCanBeGivenBackAtOnce)
{
    std::string bytes = hex("0103 48656c 8002 6c6f");
    FrameParser parser = make_parser(kClient);
    std::vector<Frame> frames;
    ASSERT_TRUE(parser.feed(bytes, frames));
    EXPECT_GT(parser.memory(), 0);
    parser.release_delivered();
    EXPECT_EQ(parser.memory(), 0);
}

TEST(FrameMemory, GivingBackKeepsWhatIsStillOpen)
{
    Reader reader(kClient);
    reader.feed(hex("0103 48656c 80"));
    reader.parser().release_delivered();
    reader.feed(hex("02 6c6f"));
    EXPECT_EQ(reader.finish().messages, (std::vector<Message>{{Opcode::text, "Hello", ""}}));
}

TEST(FrameMemory, AnAnnouncedLengthIsNotBelieved)
{
    const Terms generous{.role = Role::client, .limits = {.max_message = 1ull << 31}};
    Reader reader(generous);
    reader.feed(hex("827f 0000000080000000") + "x");
    EXPECT_LE(reader.parser().memory(), 64 * kKiB);
    const std::string piece(10 * kKiB, 'x');
    for (std::size_t arrived = piece.size(); arrived < 4 * kMiB; arrived += piece.size()) {
        reader.feed(piece);
        ASSERT_LE(reader.parser().memory(), 2 * arrived + 64 * kKiB);
    }
    EXPECT_FALSE(reader.is_over());
}

TEST(FrameMemory, NoLimitGoesBeyondWhatZlibCounts)
{
    const Terms boundless{.role = Role::client, .limits = {.max_message = ~0ull}, .inflate = true};
    EXPECT_EQ(read_at_once(boundless, hex("827f 7fffffffffffffff")).close_code, 1009);
    EXPECT_EQ(read_at_once(boundless, hex("c107 f248cdc9c90700")).messages[0].payload, "Hello");
}

TEST(FrameMemory, ALargeFrameIsReceivedInPlace)
{
    for (const Terms& terms : {kClient, kServer}) {
        const Role sender = terms.role == Role::client ? Role::server : Role::client;
        std::string payload(3 * kMiB + 7, '\0');
        for (std::size_t i = 0; i < payload.size(); ++i)
            payload[i] = static_cast<char>(i * 31 >> 3);
        const std::string bytes = encode(sender, Opcode::binary, payload);
        const std::string next = encode(sender, Opcode::text, "next");

        Reader reader(terms);
        reader.feed(bytes.substr(0, 30'001));
        EXPECT_GE(reader.parser().direct_space().size(), 16 * kKiB);
        reader.receive(bytes.substr(30'001) + next);
        const std::string wire = sender == Role::server ? bytes : "";
        const std::string next_wire = sender == Role::server ? next : "";
        EXPECT_EQ(reader.finish().messages,
                  (std::vector<Message>{{Opcode::binary, payload, wire},
                                        {Opcode::text, "next", next_wire}}));
        EXPECT_EQ(reader.parser().memory(), 0);
    }
}

TEST(FrameMemory, NoSpaceIsOfferedWhereItWouldNotPay)
{
    Reader reader(kClient);
    EXPECT_TRUE(reader.parser().direct_space().empty());
    const std::string bytes = as_server(Opcode::text, std::string(20 * kKiB, 'x'));
    reader.feed(bytes.substr(0, 3)); // half a header
    EXPECT_TRUE(reader.parser().direct_space().empty());
    reader.feed(bytes.substr(3, 1));
    EXPECT_EQ(reader.parser().direct_space().size(), 20 * kKiB);
    reader.feed(bytes.substr(4, 10 * kKiB));
    EXPECT_TRUE(reader.parser().direct_space().empty());
    reader.feed(bytes.substr(4 + 10 * kKiB));
    EXPECT_EQ(reader.finish().messages.at(0).wire, bytes);
}

TEST(FrameMemory, ALargeFragmentIsReceivedInPlaceToo)
{
    const std::string half(100 * kKiB, 'h');
    Reader reader(kClient);
    reader.feed(as_server(Opcode::text, "start ", false));
    reader.receive(as_server(Opcode::continuation, half, false).substr(0, 50));
    reader.receive(as_server(Opcode::continuation, half, false).substr(50) + hex("8900") +
                   as_server(Opcode::continuation, half));
    EXPECT_EQ(reader.finish().messages,
              (std::vector<Message>{{Opcode::ping, "", hex("8900")},
                                    {Opcode::text, "start " + half + half, ""}}));
    EXPECT_FALSE(reader.parser().is_partial());
}

TEST(FrameMemoryDeathTest, FillingMoreThanWasOfferedAborts)
{
    Reader reader(kClient);
    std::vector<Frame> frames;
    EXPECT_DEATH((void)reader.parser().filled(1, frames), "");
}

} // namespace
} // namespace turngate::net::test
