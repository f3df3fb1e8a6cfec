#include "turngate/net/frame.hpp"

#include "frame_reading.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace turngate::net::test {
namespace {

struct Case
{
    std::string name;
    Terms terms;
    std::string bytes;
    std::vector<Message> messages;
    std::uint16_t close_code = 0;
    bool is_partial = false;
};

const Terms kClient{.role = Role::client};
const Terms kServer{.role = Role::server};
const Terms kInflating{.role = Role::client, .inflate = true};
const Terms kStrict{.role = Role::client, .limits = {.check_utf8 = true}};
const Terms kSmall{.role = Role::client, .limits = {.max_message = 200}};

// Messages that came whole: their wires are the stream.
Case whole(std::string name, std::vector<Message> messages)
{
    Case c{.name = std::move(name), .terms = kClient, .bytes = {}, .messages = std::move(messages)};
    for (const Message& message : c.messages)
        c.bytes += message.wire;
    return c;
}

Case refused(std::string name, Terms terms, std::string bytes, std::uint16_t code = 1002)
{
    return {.name = std::move(name),
            .terms = terms,
            .bytes = std::move(bytes),
            .messages = {},
            .close_code = code};
}

std::vector<Case> examples() // RFC 6455 5.7
{
    const std::string kilo(256, 'k'), big(65'536, 'b');
    return {
        whole("unmasked text", {{Opcode::text, "Hello", hex("8105 48656c6c6f")}}),
        {"masked text", kServer, hex("8185 37fa213d 7f9f4d5158"), {{Opcode::text, "Hello", ""}}},
        {"fragmented text", kClient, hex("0103 48656c 8002 6c6f"), {{Opcode::text, "Hello", ""}}},
        whole("ping", {{Opcode::ping, "Hello", hex("8905 48656c6c6f")}}),
        {"masked pong", kServer, hex("8a85 37fa213d 7f9f4d5158"), {{Opcode::pong, "Hello", ""}}},
        whole("256 bytes", {{Opcode::binary, kilo, hex("827e 0100") + kilo}}),
        whole("64 KiB", {{Opcode::binary, big, hex("827f 0000000000010000") + big}}),
    };
}

std::vector<Case> sequences()
{
    const std::string long_ping(125, 'p');
    return {
        whole("empty text", {{Opcode::text, "", hex("8100")}}),
        {"masked and empty", kServer, hex("8180 01020304"), {{Opcode::text, "", ""}}},
        whole("the longest ping", {{Opcode::ping, long_ping, hex("897d") + long_ping}}),
        whole("several in a row",
              {{Opcode::text, "one", hex("8103") + "one"},
               {Opcode::binary, "", hex("8200")},
               {Opcode::pong, "", hex("8a00")},
               {Opcode::text, "two", hex("8103") + "two"},
               {Opcode::close, hex("03e8"), hex("8802 03e8")}}),
        {"a ping between fragments",
         kClient,
         hex("0103 48656c 8901 21 8002 6c6f"),
         {{Opcode::ping, "!", hex("8901 21")}, {Opcode::text, "Hello", ""}}},
        {"fragments with masks of their own",
         kServer,
         hex("0181 01010101 60 0081 02020202 60 8081 00000000 63"),
         {{Opcode::text, "abc", ""}}},
        {"empty fragments", kClient, hex("0200 0000 8000"), {{Opcode::binary, "", ""}}},
        {"all in the last fragment", kClient, hex("0100 8001 61"), {{Opcode::text, "a", ""}}},
        {"two fragmented messages",
         kClient,
         hex("0101 61 8001 62 0201 63 8001 64 8101 65"),
         {{Opcode::text, "ab", ""},
          {Opcode::binary, "cd", ""},
          {Opcode::text, "e", hex("8101 65")}}},
        {"a fragment and no more", kClient, hex("0101 61"), {}, 0, true},
        {"an empty fragment and no more", kClient, hex("0100"), {}, 0, true},
        {"half a header", kClient, hex("81 7e 01"), {}, 0, true},
        {"half a payload",
         kServer,
         hex("8105").replace(1, 1, "\x85") + hex("37fa213d 7f9f"),
         {},
         0,
         true},
        {"invalid UTF-8 where nobody asks",
         kClient,
         hex("8101 ff"),
         {{Opcode::text, "\xff", hex("8101 ff")}}},
    };
}

std::vector<Case> violations()
{
    const std::string ping_too_long = hex("897e 007e") + std::string(126, 'p');
    std::vector<Case> cases{
        refused("RSV1 without an extension", kClient, hex("c100")),
        refused("RSV1 on a ping", kInflating, hex("c900")),
        refused("RSV1 on a continuation", kInflating, hex("4100 c000")),
        refused("RSV2", kInflating, hex("a100")),
        refused("RSV3", kInflating, hex("9100")),
        refused("fragmented ping", kClient, hex("0900")),
        refused("fragmented close", kClient, hex("0800")),
        refused("ping of 126 bytes", kClient, ping_too_long),
        refused("ping with a 64-bit length", kClient, hex("897f 0000000000000001 61")),
        refused("continuation without a start", kClient, hex("8001 61")),
        refused("open continuation without a start", kClient, hex("0001 61")),
        refused("text inside a fragmented message", kClient, hex("0101 61 8101 62")),
        refused("binary fragment inside a fragmented message", kClient, hex("0101 61 0201 62")),
        refused("unmasked frame to a server", kServer, hex("8105 48656c6c6f")),
        refused("masked frame to a client", kClient, hex("8185 37fa213d 7f9f4d5158")),
        refused("length with the top bit", kClient, hex("827f 8000000000000000")),
        refused("16-bit form of 125", kClient, hex("827e 007d") + std::string(125, 'x')),
        refused("64-bit form of 125", kClient, hex("827f 000000000000007d")),
        refused("64-bit form of 65535", kClient, hex("827f 000000000000ffff")),
        refused("HTTP instead", kServer, "GET / HTTP/1.1\r\n\r\n"),
        refused("invalid UTF-8", kStrict, hex("8104 61c32861"), 1007),
        refused("UTF-8 that ends too early", kStrict, hex("8102 61c3"), 1007),
        refused("invalid UTF-8 over fragments", kStrict, hex("0102 61c3 8001 28"), 1007),
        refused("a surrogate", kStrict, hex("8103 eda080"), 1007),
        refused("201 bytes of 200", kSmall, hex("827e 00c9"), 1009),
        refused("a length nobody means", kSmall, hex("827f 7fffffffffffffff"), 1009),
        refused("201 bytes in two fragments",
                kSmall,
                hex("027e 00c8") + std::string(200, 'x') + hex("8001 78"),
                1009),
    };
    for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
        const std::string first(1, static_cast<char>(0x80 | opcode));
        cases.push_back(refused("opcode " + std::to_string(opcode), kClient, first + '\0'));
    }
    return cases;
}

std::vector<Case> borders()
{
    const std::string full(200, 'x');
    Case before =
        refused("what came before a fault is delivered", kClient, hex("8101 61 8900 c100"));
    before.messages = {{Opcode::text, "a", hex("8101 61")}, {Opcode::ping, "", hex("8900")}};
    return {
        before,
        {"a character over two fragments",
         kStrict,
         hex("0102 61c3 8001 a9"),
         {{Opcode::text, "a\xc3\xa9", ""}}},
        {"binary is not text", kStrict, hex("8201 ff"), {{Opcode::binary, "\xff", hex("8201 ff")}}},
        {"200 bytes of 200",
         kSmall,
         hex("827e 00c8") + full,
         {{Opcode::binary, full, hex("827e 00c8") + full}}},
        {"200 bytes in two fragments, a ping aside",
         kSmall,
         hex("0201 78 897d") + std::string(125, 'p') + hex("807e 00c7") + full.substr(1),
         {{Opcode::ping, std::string(125, 'p'), hex("897d") + std::string(125, 'p')},
          {Opcode::binary, full, ""}}},
    };
}

std::vector<Case> all_cases()
{
    std::vector<Case> all;
    for (auto&& some : {examples(), sequences(), violations(), borders()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

TEST(FrameParser, ReadsWhatTheProtocolSays)
{
    for (const Case& c : all_cases()) {
        const Reading reading = read_at_once(c.terms, c.bytes);
        EXPECT_EQ(reading.messages, c.messages) << c.name;
        EXPECT_EQ(reading.close_code, c.close_code) << c.name << ": " << reading.what;
        EXPECT_EQ(reading.is_partial, c.is_partial) << c.name;
    }
}

TEST(FrameParser, ReadsTheSameByteByByte)
{
    for (const Case& c : all_cases()) {
        std::vector<std::size_t> cuts(c.bytes.size());
        std::iota(cuts.begin(), cuts.end(), 0);
        EXPECT_EQ(read_in_pieces(c.terms, c.bytes, cuts), read_at_once(c.terms, c.bytes)) << c.name;
    }
}

TEST(FrameParser, ReadsTheSameInAnyTwoPieces)
{
    for (const Case& c : all_cases()) {
        const Reading expected = read_at_once(c.terms, c.bytes);
        // In the middle of a large payload one cut is like another.
        for (std::size_t cut = 0; cut <= c.bytes.size(); cut += cut > 600 ? 997 : 1)
            EXPECT_EQ(read_in_pieces(c.terms, c.bytes, {cut}), expected) << c.name << " at " << cut;
    }
}

TEST(FrameParser, ReadsOnAfterAMove)
{
    const std::string bytes = hex("0103 48656c 8002 6c6f");
    Reader reader(kClient);
    reader.feed(bytes.substr(0, 6));
    Reader moved = std::move(reader);
    moved.feed(bytes.substr(6));
    EXPECT_EQ(moved.finish().messages, (std::vector<Message>{{Opcode::text, "Hello", ""}}));
}

} // namespace
} // namespace turngate::net::test
