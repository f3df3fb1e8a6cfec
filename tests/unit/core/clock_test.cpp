#include "turngate/core/clock.hpp"

#include <gtest/gtest.h>

namespace turngate::core {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::int64_t microseconds)
{
    return Timestamp(std::chrono::microseconds(microseconds));
}

// 2026-11-01T12:00:00Z
constexpr std::int64_t kNoon = 1'793'534'400'000'000;

TEST(Rfc3339, IsAlwaysUtcWithSixDigits)
{
    const std::pair<std::int64_t, std::string> cases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {1, "1970-01-01T00:00:00.000001Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {kNoon, "2026-11-01T12:00:00.000000Z"},
        {kNoon + 123'456, "2026-11-01T12:00:00.123456Z"},
        {951'782'400'000'000, "2000-02-29T00:00:00.000000Z"},
    };
    for (const auto& [microseconds, text] : cases)
        EXPECT_EQ(to_rfc3339(at(microseconds)), text);
}

TEST(Rfc3339, TextOrderIsTimeOrder)
{
    EXPECT_LT(to_rfc3339(at(kNoon)), to_rfc3339(at(kNoon + 1)));
    EXPECT_LT(to_rfc3339(at(kNoon + 999'999)), to_rfc3339(at(kNoon + 1'000'000)));
}

TEST(ReadTime, TakesTimesDatesAndSpans)
{
    const std::pair<std::string, Timestamp> cases[] = {
        {"2026-11-01T12:00:00Z", at(kNoon)},
        {"2026-11-01t12:00:00z", at(kNoon)},
        {"2026-11-01 12:00:00Z", at(kNoon)},
        {"2026-11-01T12:00:00.5Z", at(kNoon) + 500ms},
        {"2026-11-01T12:00:00.123456Z", at(kNoon + 123'456)},
        {"2026-11-01T12:00:00.123456789Z", at(kNoon + 123'456)},
        {"2026-11-01T14:00:00+02:00", at(kNoon)},
        {"2026-11-01T06:30:00-05:30", at(kNoon)},
        {"2026-11-02T00:00:00+12:00", at(kNoon)},
        {"2026-11-01T11:59:60Z", at(kNoon)}, // a leap second
        {"2026-11-01", at(kNoon) - 12h},
        {"1970-01-01", at(0)},
        {"2024-02-29", at(1'709'164'800'000'000)},
        {"0s", at(kNoon)},
        {"90s", at(kNoon) - 90s},
        {"30m", at(kNoon) - 30min},
        {"24h", at(kNoon) - 24h},
        {"7d", at(kNoon) - 168h},
    };
    for (const auto& [text, expected] : cases) {
        const auto read = read_time(text, at(kNoon));
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(to_rfc3339(*read), to_rfc3339(expected)) << text;
    }
}

TEST(ReadTime, RefusesEverythingElse)
{
    const char* cases[] = {
        "",
        "now",
        "7",
        "d",
        "-7d",
        "+7d",
        "7w",
        "7 d",
        "7dd",
        "1.5h",
        "2000000000s",
        "99999999999999999999s",
        "2026",
        "2026-11",
        "2026-1-1",
        "26-11-01",
        "2026-13-01",
        "2026-00-01",
        "2026-02-30",
        "2025-02-29",
        "2026-11-00",
        "-000-01-01",
        "2026/11/01",
        "2026-11-01T",
        "2026-11-01T12",
        "2026-11-01T12:00",
        "2026-11-01T12:00Z",
        "2026-11-01T12:00:00",
        "2026-11-01T24:00:00Z",
        "2026-11-01T12:60:00Z",
        "2026-11-01T12:00:61Z",
        "2026-11-01T-0:-0:-0Z",
        "2026-11-01T12:00:00+2:00",
        "2026-11-01T12:00:00+0200",
        "2026-11-01T12:00:00+24:00",
        "2026-11-01T12:00:00+02:60",
        "2026-11-01T12:00:00Zz",
        "2026-11-01T12:00:00Z ",
        " 2026-11-01",
    };
    for (const char* text : cases)
        EXPECT_FALSE(read_time(text, at(kNoon))) << text;
}

TEST(ReadTime, ReadsBackWhatWasWritten)
{
    for (const std::int64_t microseconds : {std::int64_t{0}, kNoon, kNoon + 1, kNoon + 999'999})
        EXPECT_EQ(read_time(to_rfc3339(at(microseconds)), at(0)), at(microseconds));
}

TEST(ReadTime, TakesTheLongestSpansWithoutOverflow)
{
    for (const char* text : {"1000000000s", "1000000000m", "1000000000h", "1000000000d"}) {
        const auto read = read_time(text, at(kNoon));
        ASSERT_TRUE(read) << text;
        EXPECT_LT(*read, at(kNoon)) << text;
    }
}

} // namespace
} // namespace turngate::core
