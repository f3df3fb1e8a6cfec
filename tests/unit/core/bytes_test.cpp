#include "turngate/core/bytes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace turngate::core {
namespace {

using std::string_literals::operator""s;

TEST(Hex, GoesBothWays)
{
    const std::vector<std::uint8_t> bytes{0x00, 0x0f, 0xa0, 0xff};
    EXPECT_EQ(to_hex(bytes), "000fa0ff");
    EXPECT_EQ(from_hex("000fa0FF"), "\x00\x0f\xa0\xff"s);
    EXPECT_EQ(to_hex({}), "");
    EXPECT_EQ(from_hex(""), "");
}

TEST(Hex, RefusesWhatIsNone)
{
    for (const char* text : {"0", "abc", "0g", "g0", "0x00", " 00 ", "00\n0", "-1"})
        EXPECT_FALSE(from_hex(text)) << text;
}

TEST(Base64, AgreesWithTheVectorsOfRfc4648)
{
    const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {"\xff\xfe\x00"s, "//4A"}};
    for (const auto& [bytes, text] : cases)
        EXPECT_EQ(to_base64(bytes), text);
}

TEST(Base64, TakesAnyLength)
{
    for (std::size_t size = 0; size < 200; ++size)
        EXPECT_EQ(to_base64(std::string(size, 'x')).size(), 4 * ((size + 2) / 3)) << size;
}

TEST(Utf8, KnowsValidFromInvalid)
{
    struct Case
    {
        std::string text;
        bool is_valid;
    };
    const Case cases[] = {
        {"", true},
        {"plain", true},
        {"nul \0 is a character"s, true},
        {"\x7f", true},
        {"\xc3\xa4", true},                      // ä
        {"\xe2\x82\xac", true},                  // €
        {"\xf0\x9f\x98\x80", true},              // an emoji
        {"\xf4\x8f\xbf\xbf", true},              // U+10FFFF
        {"\xed\x9f\xbf\xee\x80\x80", true},      // around the surrogates
        {"\x80", false},                         // a tail alone
        {"\xc3", false},                         // cut
        {"\xe2\x82", false},                     // cut
        {"\xf0\x9f\x98", false},                 // cut
        {"\xc0\xaf", false},                     // overlong
        {"\xc1\xbf", false},                     // overlong
        {"\xe0\x9f\xbf", false},                 // overlong
        {"\xf0\x8f\xbf\xbf", false},             // overlong
        {"\xed\xa0\x80", false},                 // surrogate
        {"\xf4\x90\x80\x80", false},             // above U+10FFFF
        {"\xf5\x80\x80\x80", false},             // no lead
        {"\xff", false},                         //
        {"\xe2\x28\xa1", false},                 // a tail that is none
        {"good \xc3\xa4 then \xc3( bad", false}, //
    };
    for (const Case& c : cases)
        EXPECT_EQ(is_utf8(c.text), c.is_valid) << testing::PrintToString(c.text);
}

TEST(CleanUtf8, LeavesOnlyWhatADatabaseTakes)
{
    const std::string bad = "\xef\xbf\xbd";
    struct Case
    {
        std::string text;
        std::size_t max_bytes;
        std::string clean;
    };
    const Case cases[] = {
        {"", 10, ""},
        {"plain", 10, "plain"},
        {"plain", 3, "pla"},
        {"plain", 0, ""},
        {"a\0b"s, 10, "ab"},
        {"ab\0"s, 2, "ab"},
        {"\0\0abc"s, 3, "abc"},
        {"x\xc3\xa4", 3, "x\xc3\xa4"},
        {"x\xc3\xa4", 2, "x"}, // no half character
        {"\xf0\x9f\x98\x80", 3, ""},
        {"a\xff"
         "b",
         10,
         "a" + bad + "b"},
        {"a\xff", 3, "a"}, // no room for the replacement
        {"cut \xe2", 20, "cut " + bad},
        {"\xed\xa0\x80", 20, bad + bad + bad},
    };
    for (const Case& c : cases) {
        const std::string clean = clean_utf8(c.text, c.max_bytes);
        EXPECT_EQ(clean, c.clean) << testing::PrintToString(c.text);
        EXPECT_TRUE(is_utf8(clean));
        EXPECT_LE(clean.size(), c.max_bytes);
    }
}

TEST(PercentDecode, TakesEveryByteAndNothingHalf)
{
    EXPECT_EQ(percent_decode(""), "");
    EXPECT_EQ(percent_decode("a%20b%2Fc%2f%C3%B6"), "a b/c/\xc3\xb6");
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    for (const char* bad : {"%", "%4", "a%", "%zz", "%4g", "%+1", "%%41"})
        EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Crc32c, AgreesWithTheVectorsOfRfc3720)
{
    std::string rising, falling;
    for (int i = 0; i < 32; ++i) {
        rising.push_back(static_cast<char>(i));
        falling.push_back(static_cast<char>(31 - i));
    }
    EXPECT_EQ(crc32c(""), 0u);
    EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
    EXPECT_EQ(crc32c(rising), 0x46dd794eu);
    EXPECT_EQ(crc32c(falling), 0x113fdb5cu);
}

TEST(Crc32c, GoesOnWhereItStopped)
{
    EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

} // namespace
} // namespace turngate::core
