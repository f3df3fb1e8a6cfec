#pragma once

#include "turngate/usage/repository.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace turngate::usage {

// From one moment or day to another, which is no more in it. Nothing: without an end.
struct Span
{
    std::optional<std::int64_t> from;
    std::optional<std::int64_t> before;

    bool operator==(const Span&) const = default;
};

// A span of time as whole days (UTC, of which usage_daily has the sums) and what is left beside
// them.
struct ReportSpan
{
    std::optional<Span> days; // since 1970
    std::vector<Span> rest;   // microseconds since 1970

    bool operator==(const ReportSpan&) const = default;
};

ReportSpan report_span(const UsageQuery& query);

// How many bills of a day match, the newest day first.
struct DayCount
{
    std::int64_t day = 0;
    std::int64_t bills = 0;
};

// The part of `asked` (microseconds) that has the newest `wanted` of them.
Span span_of_newest(const Span& asked, const std::vector<DayCount>& days, std::int64_t wanted);

} // namespace turngate::usage
