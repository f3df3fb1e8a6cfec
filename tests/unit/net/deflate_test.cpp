#include "frame_reading.hpp"

#include "deflate.hpp"

#include <gtest/gtest.h>

#include <random>

namespace turngate::net::test {
namespace {

const Terms kInflating{.role = Role::client, .inflate = true};

std::string noise(std::size_t n)
{
    std::mt19937 random(7);
    std::string bytes(n, '\0');
    for (char& c : bytes)
        c = static_cast<char>(random());
    return bytes;
}

TEST(Deflate, InflatesTheExamplesOfTheRfc) // 7692 7.2.3
{
    struct Case
    {
        std::string name, bytes, text;
    };
    const Case cases[] = {
        {"one block", "c107 f248cdc9c90700", "Hello"},
        {"two fragments", "4103 f248cd 8004 c9c90700", "Hello"},
        {"no compression", "c10b 000500faff48656c6c6f00", "Hello"},
        {"a final block", "c108 f348cdc9c9070000", "Hello"},
        {"two blocks", "c10d f248050000 00ffffcac9c90700", "Hello"},
        {"nothing", "c101 00", ""},
    };
    for (const Case& c : cases) {
        const std::string bytes = hex(c.bytes);
        const Reading expected{
            .messages = {{Opcode::text, c.text, ""}}, .close_code = 0, .what = {}};
        for (std::size_t cut = 0; cut < bytes.size(); ++cut)
            EXPECT_EQ(read_in_pieces(kInflating, bytes, {cut}), expected) << c.name;
    }
}

TEST(Deflate, RefusesAReferenceToAnEarlierMessage) // 7.2.3.2 needs context takeover
{
    const Reading reading = read_at_once(kInflating, hex("c107 f248cdc9c90700 c105 f200110000"));
    EXPECT_EQ(reading.messages.size(), 1);
    EXPECT_EQ(reading.close_code, 1007);
}

TEST(Deflate, RefusesWhatDoesNotInflate)
{
    EXPECT_EQ(read_at_once(kInflating, hex("c102 ffff")).close_code, 1007);
    EXPECT_EQ(read_at_once(kInflating, hex("c103 f248cd")).close_code, 1007); // cut off
    EXPECT_EQ(read_at_once(kInflating, hex("c10b 000600f9ff48656c6c6f00")).close_code, 1007);
}

TEST(Deflate, PlainMessagesMayStandBetweenCompressedOnes)
{
    const Reading reading =
        read_at_once(kInflating, hex("c107 f248cdc9c90700 8102 6869 c107 f248cdc9c90700"));
    EXPECT_EQ(reading.messages,
              (std::vector<Message>{{Opcode::text, "Hello", ""},
                                    {Opcode::text, "hi", hex("8102 6869")},
                                    {Opcode::text, "Hello", ""}}));
}

TEST(Deflate, TextIsCheckedAfterInflation)
{
    Terms strict = kInflating;
    strict.limits.check_utf8 = true;
    Deflater deflater;
    const std::string good = encode(Role::server, Opcode::text, deflater.deflate("\xc3\xa9"), true);
    EXPECT_EQ(read_at_once(strict, good).messages.at(0).payload, "\xc3\xa9");
    const std::string bad = encode(Role::server, Opcode::text, deflater.deflate("\xc3("), true);
    EXPECT_EQ(read_at_once(strict, bad).close_code, 1007);
}

TEST(Deflate, TheLimitCountsAfterInflation)
{
    Deflater deflater;
    Terms terms = kInflating;
    terms.limits.max_message = 100'000;
    for (const std::string& text : {std::string(100'000, 'x'), noise(100'000)}) {
        const std::string bytes = encode(Role::server, Opcode::text, deflater.deflate(text), true);
        const Reading reading = read_at_once(terms, bytes);
        ASSERT_EQ(reading.messages.size(), 1) << reading.what;
        EXPECT_EQ(reading.messages[0].payload, text);
    }
    for (const std::string& text : {std::string(100'001, 'x'), noise(100'001)}) {
        const std::string bytes = encode(Role::server, Opcode::text, deflater.deflate(text), true);
        EXPECT_EQ(read_at_once(terms, bytes).close_code, 1009);
    }
}

TEST(Deflate, ACompressedFrameIsHardlyLargerThanTheLimit)
{
    Terms terms = kInflating;
    terms.limits.max_message = 16'000;
    const std::size_t most = 16'000 + 1'000 + 64;
    const FrameHeader fits = make_header(Role::server, Opcode::text, most, true);
    EXPECT_TRUE(read_at_once(terms, fits.view()).is_partial);
    const FrameHeader too_big = make_header(Role::server, Opcode::text, most + 1, true);
    EXPECT_EQ(read_at_once(terms, too_big.view()).close_code, 1009);
}

TEST(Deflate, ABombIsNotUnpacked)
{
    Deflater deflater;
    const std::string bomb(deflater.deflate(std::string(50'000'000, '\0')));
    const auto inflated = inflate_message(bomb, 1000);
    ASSERT_FALSE(inflated);
    EXPECT_EQ(inflated.error().close_code, 1009);
}

TEST(Deflate, NothingIsHeldAfterAMessage)
{
    Deflater deflater;
    const std::string text(1'000'000, 'x');
    std::string bytes = encode(Role::server, Opcode::text, deflater.deflate(text), true);
    FrameParser parser = make_parser(kInflating);
    std::vector<Frame> frames;
    ASSERT_TRUE(parser.feed(bytes, frames));
    EXPECT_EQ(frames.at(0).payload, text);
    EXPECT_EQ(parser.memory(), text.size());
    parser.release_delivered();
    EXPECT_EQ(parser.memory(), 0);
}

TEST(Deflate, AMessageDependsOnNoneBefore)
{
    Deflater deflater;
    const std::string first(deflater.deflate("the same words twice"));
    EXPECT_EQ(first, deflater.deflate("the same words twice"));
    EXPECT_EQ(deflater.deflate("Hello"), hex("f248cdc9c90700"));
    EXPECT_EQ(deflater.deflate(""), hex("00"));
}

TEST(Deflate, AnyWindowAndAnySizeComesBack)
{
    for (const int window_bits : {9, 12, 15}) {
        Deflater deflater(window_bits);
        for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 1000u, 40'000u, 300'000u}) {
            for (const std::string& text : {std::string(size, 'x'), noise(size)}) {
                const auto inflated = inflate_message(deflater.deflate(text), size);
                ASSERT_TRUE(inflated) << inflated.error().what;
                EXPECT_EQ(inflated->view(), text);
            }
        }
    }
}

} // namespace
} // namespace turngate::net::test
