#include "turngate/protocol/client_event.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

// Whether a frame is JSON, all through: RFC 8259, UTF-8 included.
namespace turngate::protocol {
namespace {

using core::FaultCode;
using namespace std::string_view_literals;

bool is_json(std::string_view frame)
{
    ClientEventReader reader;
    const auto event = reader.read(frame);
    return event || event.error().code != FaultCode::invalid_json;
}

// value in a place where nobody reads it.
std::string holding(std::string_view value)
{
    return R"({"model":"m","x":)" + std::string(value) + "}";
}

TEST(ClientJson, TakesEveryValue)
{
    for (const std::string_view value :
         {"0"sv,           "-0"sv,
          "10"sv,          "-1.5e+10"sv,
          "1E-2"sv,        "1e400"sv,
          "0.0"sv,         "true"sv,
          "false"sv,       "null"sv,
          "\"\""sv,        "[]"sv,
          "{}"sv,          "[ ]"sv,
          "{ }"sv,         "[[],{}]"sv,
          "\"é😀\""sv,     "\"\\ud800\""sv,
          "\"\\\\\""sv,    "\"\x7f\""sv,
          "[1 , 2\t]"sv,   "{\"\":0}"sv,
          "\"\\u0000\""sv, "123456789012345678901234567890.123456789012345678901234567890"sv,
          "\"{[,:]}\""sv})
        EXPECT_TRUE(is_json(holding(value))) << value;
}

TEST(ClientJson, RefusesEveryBrokenValue)
{
    for (const std::string_view value : {""sv,
                                         "01"sv,
                                         "-"sv,
                                         "+1"sv,
                                         ".5"sv,
                                         "1."sv,
                                         "1.e5"sv,
                                         "1e"sv,
                                         "1e+"sv,
                                         "0x10"sv,
                                         "NaN"sv,
                                         "Infinity"sv,
                                         "1 2"sv,
                                         "tru"sv,
                                         "True"sv,
                                         "truex"sv,
                                         "nul"sv,
                                         "null null"sv,
                                         "'a'"sv,
                                         "\"a"sv,
                                         "a\""sv,
                                         "\"a\"b"sv,
                                         "\"a\"\"b\""sv,
                                         "\"a\":1"sv,
                                         "\"a\" 1"sv,
                                         "\"\\x\""sv,
                                         "\"\\u12\""sv,
                                         "\"\\u12g4\""sv,
                                         "\"\\"sv,
                                         "\"\\\""sv,
                                         "\"\n\""sv,
                                         "\"\0\""sv,
                                         "\"\x1f\""sv,
                                         "\"\xff\""sv,
                                         "\"\xc0\x80\""sv,
                                         "\"\xed\xa0\x80\""sv,
                                         "\"\xf4\x90\x80\x80\""sv,
                                         "\"\xe2\x82\""sv,
                                         "\0"sv,
                                         "\x0c"sv,
                                         "["sv,
                                         "]"sv,
                                         "[1"sv,
                                         "[1,]"sv,
                                         "[,1]"sv,
                                         "[1 2]"sv,
                                         "[1:2]"sv,
                                         "{"sv,
                                         "}"sv,
                                         "{,}"sv,
                                         "{\"a\"}"sv,
                                         "{\"a\":}"sv,
                                         "{\"a\":1,}"sv,
                                         "{\"a\" 1}"sv,
                                         "{a:1}"sv,
                                         "{1:1}"sv,
                                         "{\"a\":1 \"b\":2}"sv,
                                         "{\"\\x\":1}"sv,
                                         "[}"sv,
                                         "{]"sv,
                                         "[1}"sv,
                                         "{\"a\":1]"sv,
                                         "1,"sv,
                                         ",1"sv,
                                         ":1"sv,
                                         "1\\\"a\""sv,
                                         "\\\"a\""sv,
                                         "//c\n1"sv,
                                         "1\x1a"sv})
        EXPECT_FALSE(is_json(holding(value))) << value;
}

TEST(ClientJson, TakesWhiteSpaceAroundButNothingElse)
{
    const std::string frame = holding("1");
    EXPECT_TRUE(is_json(" \t\r\n" + frame + " \t\r\n"));
    for (const std::string_view tail :
         {"}"sv, "{}"sv, ","sv, "1"sv, "\"\""sv, "\0"sv, "\xff"sv, "]"sv})
        EXPECT_FALSE(is_json(frame + std::string(tail))) << tail;
    EXPECT_FALSE(is_json("\xef\xbb\xbf" + frame)); // a byte order mark
    EXPECT_FALSE(is_json("1" + frame));
    for (const std::string_view empty : {""sv, " "sv, "\n\n"sv})
        EXPECT_FALSE(is_json(empty));
    EXPECT_FALSE(is_json("5 6"));
    EXPECT_FALSE(is_json("[]]"));
}

TEST(ClientJson, RefusesAFrameCutAtAnyByte)
{
    const std::string frame =
        R"({"type":"response.create","stream_id":"a","mod\u0065l":"gpt \ud83d\ude00é","store":true,)"
        R"("input":[{"type":"message","content":[{"text":"a\\\"b"}]},{"type":"x_call","call_id":"c"}],)"
        R"("n":[1.5e10,null,{}],"previous_response_id":"resp_1"})";
    ASSERT_TRUE(is_json(frame));
    for (std::size_t n = 0; n < frame.size(); ++n) {
        const std::string cut = frame.substr(0, n); // of its own size, for AddressSanitizer
        EXPECT_FALSE(is_json(cut)) << cut;
    }
}

TEST(ClientJson, SurvivesEveryByteReplaced)
{
    const std::string frame =
        R"({"model":"m\n","input":[{"type":"x_call","call_id":"c"}],"n":-1.5})";
    ClientEventReader reader;
    for (std::size_t at = 0; at < frame.size(); ++at) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string changed = frame;
            changed[at] = static_cast<char>(byte);
            const auto event = reader.read(changed);
            EXPECT_TRUE(event || !event.error().message.empty());
        }
    }
}

std::string nested(std::size_t depth, std::string_view open, std::string_view close)
{
    std::string text;
    for (std::size_t i = 0; i < depth; ++i)
        text += open;
    text += "1";
    for (std::size_t i = 0; i < depth; ++i)
        text += close;
    return text;
}

TEST(ClientJson, StopsAtADepthOf512)
{
    EXPECT_TRUE(is_json(holding(nested(511, "[", "]"))));
    EXPECT_FALSE(is_json(holding(nested(512, "[", "]"))));
    EXPECT_TRUE(is_json(holding(nested(511, R"({"a":)", "}"))));
    EXPECT_FALSE(is_json(holding(nested(512, R"({"a":)", "}"))));
    EXPECT_FALSE(is_json(nested(1'000'000, "[", "]")));
    EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
    EXPECT_FALSE(is_json(std::string(1'000'000, '{')));
}

TEST(ClientJson, GoesOnAfterABadFrameAndABigOne)
{
    ClientEventReader reader;
    EXPECT_FALSE(reader.read("{").has_value());
    EXPECT_TRUE(reader.read(holding("1")).has_value());
    const std::string big = holding('"' + std::string(3'000'000, 'x') + '"');
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(reader.read(big).has_value());
        EXPECT_TRUE(reader.read(holding("[]")).has_value());
    }
    for (const std::size_t size : {65'535u, 65'536u, 65'537u}) // about what it keeps
        EXPECT_TRUE(reader.read(holding('"' + std::string(size - 22, 'x') + '"')).has_value());
}

} // namespace
} // namespace turngate::protocol
