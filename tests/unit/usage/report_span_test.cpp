#include "report_span.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace turngate::usage {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;

core::Timestamp us(std::int64_t value)
{
    return core::Timestamp(std::chrono::microseconds(value));
}

ReportSpan span(std::optional<std::int64_t> since, std::optional<std::int64_t> until)
{
    UsageQuery query;
    if (since)
        query.since = us(*since);
    if (until)
        query.until = us(*until);
    return report_span(query);
}

TEST(ReportSpan, IsWholeDaysAndWhatIsBesideThem)
{
    EXPECT_EQ(span({}, {}), (ReportSpan{Span{}, {}}));
    EXPECT_EQ(span(kDay, 3 * kDay), (ReportSpan{Span{1, 3}, {}}));
    EXPECT_EQ(span(kDay - 1, {}), (ReportSpan{Span{1, {}}, {{kDay - 1, kDay}}}));
    EXPECT_EQ(span(kDay + 1, {}), (ReportSpan{Span{2, {}}, {{kDay + 1, 2 * kDay}}}));
    EXPECT_EQ(span({}, kDay + 1), (ReportSpan{Span{{}, 1}, {{kDay, kDay + 1}}}));
    EXPECT_EQ(span(kDay + 1, 3 * kDay + 1),
              (ReportSpan{Span{2, 3}, {{kDay + 1, 2 * kDay}, {3 * kDay, 3 * kDay + 1}}}));
}

TEST(ReportSpan, IsNoDayWhereNoneIsWhole)
{
    EXPECT_EQ(span(kDay + 1, kDay + 2), (ReportSpan{{}, {{kDay + 1, kDay + 2}}}));
    EXPECT_EQ(span(kDay - 1, kDay + 1), (ReportSpan{{}, {{kDay - 1, kDay + 1}}}));
    EXPECT_EQ(span(2 * kDay, kDay), (ReportSpan{{}, {{2 * kDay, kDay}}}));
}

TEST(ReportSpan, FitsWhateverTheTimes)
{
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(span(-5, {}), (ReportSpan{Span{}, {}}));
    EXPECT_FALSE(span(most, most).days);
    EXPECT_EQ(span({}, -5), (ReportSpan{Span{{}, 0}, {}}));
}

TEST(ReportSpan, OfTheNewestEndsWithTheDayThatHasTheLastOfThem)
{
    const std::vector<DayCount> days{{9, 2}, {7, 3}, {1, 5}};
    EXPECT_EQ(span_of_newest({}, {}, 1), (Span{0, 0}));
    EXPECT_EQ(span_of_newest({}, days, 2), (Span{9 * kDay, 10 * kDay}));
    EXPECT_EQ(span_of_newest({}, days, 3), (Span{7 * kDay, 10 * kDay}));
    EXPECT_EQ(span_of_newest({}, days, 99), (Span{{}, 10 * kDay}));
    EXPECT_EQ(span_of_newest({9 * kDay + 5, {}}, days, 2), (Span{9 * kDay + 5, 10 * kDay}));
    EXPECT_EQ(span_of_newest({{}, 9 * kDay + 5}, days, 2), (Span{7 * kDay, 9 * kDay + 5}));
}

} // namespace
} // namespace turngate::usage
