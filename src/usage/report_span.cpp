#include "report_span.hpp"

#include "bill_columns.hpp"

#include <algorithm>

namespace turngate::usage {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kLastDay = 2'932'897; // in the year 9999; beyond it no time is written

std::int64_t within_years(core::Timestamp at)
{
    return std::clamp<std::int64_t>(micros(at), 0, kLastDay * kDay);
}

} // namespace

ReportSpan report_span(const UsageQuery& query)
{
    const bool is_open = !query.since || query.since->time_since_epoch().count() <= 0;
    const auto since = is_open ? std::nullopt : std::optional(within_years(*query.since));
    const auto until = query.until ? std::optional(within_years(*query.until)) : std::nullopt;
    const auto first = since ? std::optional((*since + kDay - 1) / kDay) : std::nullopt;
    const auto last = until ? std::optional(*until / kDay) : std::nullopt;
    if (first && last && *first >= *last)
        return {std::nullopt, {{since, until}}};
    ReportSpan span{Span{first, last}, {}};
    if (since && *since < *first * kDay)
        span.rest.push_back({since, *first * kDay});
    if (until && *until > *last * kDay)
        span.rest.push_back({*last * kDay, until});
    return span;
}

// A day that is asked for in part may have any number of them.
Span span_of_newest(const Span& asked, const std::vector<DayCount>& days, std::int64_t wanted)
{
    if (days.empty())
        return {0, 0};
    Span span = asked;
    const std::int64_t end = (days.front().day + 1) * kDay;
    span.before = std::min(asked.before.value_or(end), end);
    for (const DayCount& one : days) {
        const bool is_whole = !asked.before || (one.day + 1) * kDay <= *asked.before;
        wanted -= is_whole ? one.bills : 0;
        if (wanted <= 0) {
            span.from = std::max(asked.from.value_or(0), one.day * kDay);
            break;
        }
    }
    return span;
}

} // namespace turngate::usage
