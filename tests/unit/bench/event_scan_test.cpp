#include "event_scan.hpp"

#include <gtest/gtest.h>

namespace turngate::bench {
namespace {

TEST(EventScan, FindsNumbers)
{
    struct Case
    {
        const char* event;
        std::optional<std::uint64_t> number;
    };
    for (const Case& c : {Case{R"({"type":"x","n":17,"z":1})", 17},
                          Case{R"({"n": 18})", 18},
                          Case{R"({"n":"19"})", std::nullopt},
                          Case{R"({"n":-1})", std::nullopt},
                          Case{R"({"m":1})", std::nullopt},
                          Case{R"({"text":"\"n\":5","n":6})", 6},
                          Case{R"({"n":)", std::nullopt},
                          Case{"", std::nullopt}})
        EXPECT_EQ(find_number(c.event, R"("n":)"), c.number) << c.event;
}

TEST(EventScan, FindsTextUpToItsOwnQuote)
{
    struct Case
    {
        const char* event;
        std::optional<std::string_view> text;
    };
    for (const Case& c : {Case{R"({"d":"abc","e":"f"})", "abc"},
                          Case{R"({"d":""})", ""},
                          Case{R"({"d":"a\"b"})", R"(a\"b)"},
                          Case{R"({"d":"a\\","e":"f"})", R"(a\\)"},
                          Case{R"({"d":"a\\\"b"})", R"(a\\\"b)"},
                          Case{R"({"d":5})", std::nullopt},
                          Case{R"({"d":"never ends)", std::nullopt},
                          Case{R"({"e":"f"})", std::nullopt}})
        EXPECT_EQ(find_text(c.event, R"("d":)"), c.text) << c.event;
}

TEST(EventScan, ReadsTheTypeOnlyWhereServersPutIt)
{
    EXPECT_EQ(first_type(R"({"type":"response.created","x":1})"), "response.created");
    EXPECT_EQ(first_type(R"({"x":1,"type":"response.created"})"), "");
    EXPECT_EQ(first_type("no json"), "");
}

TEST(EventScan, SumsPiecesLikeTheWhole)
{
    TextSum whole;
    whole.add("hello world");
    TextSum pieces;
    pieces.add("hello ");
    pieces.add("world");
    EXPECT_EQ(whole, pieces);
    TextSum changed;
    changed.add("hello worle");
    EXPECT_NE(whole, changed);
}

} // namespace
} // namespace turngate::bench
