#include "turngate/protocol/same_item.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace turngate::protocol {
namespace {

struct Pair
{
    std::string_view one;
    std::string_view other;
};

TEST(SameItem, IsTheSameHoweverAClientWroteItDown)
{
    for (
        const auto& [one, other] : {
            Pair{R"({"type":"a","b":1})", R"({"b" : 1, "type":"a"})"},
            Pair{R"({"type":"a","b":"é/"})", R"({"type":"a","b":"\u00e9\/"})"},
            Pair{R"({"type":"a","b":null,"c":[]})", R"({"type":"a"})"},
            Pair{R"({"type":"message","role":"user","content":"x"})",
                 R"({"role":"user","content":"x"})"},
            Pair{R"({"role":"user","content":[{"type":"input_text","text":"x"}]})",
                 R"({"role":"user","content":"x"})"},
            Pair{
                R"({"role":"assistant","content":"x"})",
                R"({"role":"assistant","content":[{"type":"output_text","text":"x","annotations":[{"a":1}],"logprobs":[]}]})"},
            Pair{R"({"type":"a","b":{"c":[1,2.5,true,-3]}})",
                 R"({"type":"a","b":{"c":[1, 2.50, true, -3]}})"},
        }) {
        EXPECT_TRUE(say_the_same(one, other)) << one << " " << other;
        EXPECT_TRUE(say_the_same(other, one)) << one << " " << other;
    }
}

TEST(SameItem, IsAnotherWhereAnythingElseDiffers)
{
    for (
        const auto& [one, other] : {
            Pair{R"({"type":"a","b":1})", R"({"type":"a","b":2})"},
            Pair{R"({"type":"a","b":1})", R"({"type":"a","b":"1"})"},
            Pair{R"({"type":"a","b":1})", R"({"type":"a","b":1,"c":0})"},
            Pair{R"({"type":"a","b":[1,2]})", R"({"type":"a","b":[2,1]})"},
            Pair{R"({"type":"a","b":[1]})", R"({"type":"a","b":[1,1]})"},
            Pair{R"({"type":"a","b":""})", R"({"type":"a"})"},
            Pair{R"({"type":"a"})", R"({"type":"message"})"},
            Pair{R"({"role":"user","content":"x"})", R"({"role":"assistant","content":"x"})"},
            Pair{
                R"({"role":"user","content":"x"})",
                R"({"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_text","text":""}]})"},
            Pair{R"({"role":"user","content":"x"})",
                 R"({"role":"user","content":[{"type":"input_text","text":"x","more":1}]})"},
            Pair{R"({"role":"user","content":"x"})",
                 R"({"role":"user","content":[{"type":"refusal","text":"x"}]})"},
            Pair{"1", "1.0"},
            Pair{"{", "{ "},
        }) {
        EXPECT_FALSE(say_the_same(one, other)) << one << " " << other;
        EXPECT_FALSE(say_the_same(other, one)) << one << " " << other;
    }
}

// Its own bytes are the same whatever they are; else there are bounds, and no recursion without
// end.
TEST(SameItem, HasBounds)
{
    std::string deep = R"({"a":)";
    for (int i = 0; i < 5000; ++i)
        deep += "[";
    EXPECT_TRUE(say_the_same(deep, deep));
    std::string nested = "1";
    for (int i = 0; i < 500; ++i)
        nested = "[" + nested + "]";
    const std::string item = R"({"a":)" + nested + "}";
    EXPECT_FALSE(say_the_same(item, item + " "));
    std::string wide = R"({"k":0)";
    for (int i = 0; i < 100; ++i)
        wide += R"(,"k)" + std::to_string(i) + R"(":0)";
    wide += "}";
    EXPECT_FALSE(say_the_same(wide, wide + " "));
}

} // namespace
} // namespace turngate::protocol
