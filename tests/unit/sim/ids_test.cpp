#include "ids.hpp"
#include "json_text.hpp"

#include <gtest/gtest.h>

#include <set>

namespace turngate::sim {
namespace {

TEST(Ids, AreUniqueAndTheSameForASeed)
{
    Ids ids(7);
    Ids again(7);
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) {
        const std::string id = ids.make("resp");
        EXPECT_EQ(id, again.make("resp"));
        EXPECT_TRUE(seen.insert(id).second);
    }
    EXPECT_TRUE(seen.begin()->starts_with("resp_"));
    EXPECT_NE(Ids(8).make("resp"), Ids(7).make("resp"));
}

TEST(JsonText, QuotesWhatMustNotStandInAString)
{
    EXPECT_EQ(in_quotes("a\"b\\c\n\x01ö"), R"("a\"b\\c\n\u0001ö")");
    EXPECT_EQ(in_quotes(""), R"("")");
}

TEST(JsonText, CutsBetweenCharacters)
{
    EXPECT_EQ(cut_point("abc", 2), 2u);
    EXPECT_EQ(cut_point("aöb", 2), 1u);
    EXPECT_EQ(cut_point("aöb", 3), 3u);
    EXPECT_EQ(cut_point("ab", 9), 2u);
}

} // namespace
} // namespace turngate::sim
