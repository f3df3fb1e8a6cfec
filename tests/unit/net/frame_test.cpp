#include "turngate/net/frame.hpp"

#include "frame_reading.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

namespace turngate::net::test {
namespace {

TEST(Frame, HeadersTakeTheShortestLength)
{
    struct Case
    {
        std::uint64_t size;
        std::string header;
    };
    const Case cases[] = {
        {0, "8100"},
        {5, "8105"},
        {125, "817d"},
        {126, "817e 007e"},
        {256, "817e 0100"},
        {65'535, "817e ffff"},
        {65'536, "817f 0000000000010000"},
        {1ull << 40, "817f 0000010000000000"},
    };
    for (const Case& c : cases)
        EXPECT_EQ(make_header(Role::server, Opcode::text, c.size).view(), hex(c.header)) << c.size;
}

TEST(Frame, HeadersCarryTheirFlags)
{
    EXPECT_EQ(make_header(Role::server, Opcode::binary, 1, true).view(), hex("c201"));
    EXPECT_EQ(make_header(Role::server, Opcode::text, 1, true, false).view(), hex("4101"));
    EXPECT_EQ(make_header(Role::server, Opcode::continuation, 1, false, false).view(), hex("0001"));
    EXPECT_EQ(make_header(Role::server, Opcode::close, 0).view(), hex("8800"));
}

TEST(Frame, ClientsMaskWithAFreshKey)
{
    const FrameHeader first = make_header(Role::client, Opcode::text, 65'536);
    const FrameHeader second = make_header(Role::client, Opcode::text, 65'536);
    ASSERT_EQ(first.size, 14);
    EXPECT_EQ(first.view().substr(0, 10), hex("81ff 0000000000010000"));
    EXPECT_EQ(std::memcmp(first.bytes.data() + 10, first.mask.data(), 4), 0);
    EXPECT_NE(first.mask, second.mask);
    EXPECT_EQ(make_header(Role::server, Opcode::text, 1).mask, (std::array<std::uint8_t, 4>{}));
}

TEST(Frame, MasksAnyPartOfAPayload)
{
    const std::array<std::uint8_t, 4> mask{0x37, 0xfa, 0x21, 0x3d};
    std::string plain(200, '\0');
    std::iota(plain.begin(), plain.end(), char{1});
    for (std::size_t offset = 0; offset < 9; ++offset) {
        for (std::size_t size = 0; size <= plain.size() - offset; ++size) {
            std::string expected = plain.substr(offset, size);
            for (std::size_t i = 0; i < size; ++i)
                expected[i] = static_cast<char>(expected[i] ^ mask[(offset + i) % 4]);

            std::string in_place = plain;
            apply_mask(std::span(in_place).subspan(offset, size), mask, offset);
            EXPECT_EQ(in_place, plain.substr(0, offset) + expected + plain.substr(offset + size));

            std::string copied(size, '\0');
            copy_masked(std::string_view(plain).substr(offset, size), copied.data(), mask, offset);
            EXPECT_EQ(copied, expected);
        }
    }
}

TEST(Frame, AMaskOfZeroCopies)
{
    std::string copied(5, '\0');
    copy_masked("Hello", copied.data(), {}, 3);
    EXPECT_EQ(copied, "Hello");
}

TEST(Frame, CloseCodesThatMayBeSent)
{
    for (int code = 0; code <= 0xffff; ++code) {
        const bool valid =
            (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
            (code >= 3000 && code <= 4999);
        const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
        const auto close = read_close(payload);
        ASSERT_EQ(close.has_value(), valid) << code;
        if (valid) {
            EXPECT_EQ(close->code, code);
        } else {
            EXPECT_EQ(close.error().close_code, 1002);
        }
        EXPECT_EQ(close_payload(static_cast<std::uint16_t>(code), ""), valid ? payload : "");
    }
}

TEST(Frame, ReadsWhatACloseSays)
{
    EXPECT_EQ(read_close("")->code, 1005);
    const auto close = read_close("\x03\xe8 bye");
    ASSERT_TRUE(close);
    EXPECT_EQ(close->code, 1000);
    EXPECT_EQ(close->reason, " bye");
    EXPECT_EQ(read_close("\x03").error().close_code, 1002);
    EXPECT_EQ(read_close("\x03\xe8\xc3").error().close_code, 1007);
}

TEST(Frame, CutsAReasonBetweenCharacters)
{
    std::string reason(122, 'x');
    reason += "\xc3\xa9";
    const std::string payload = close_payload(1012, reason);
    EXPECT_EQ(payload, hex("03f4") + std::string(122, 'x'));
    EXPECT_EQ(read_close(payload)->reason, std::string(122, 'x'));
}

TEST(Frame, AnUncheckedFaultIsABug)
{
    EXPECT_THROW(read_close("x").value(), std::logic_error);
}

} // namespace
} // namespace turngate::net::test
