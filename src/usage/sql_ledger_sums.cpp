// The part of the ledger that sums up: whole days from usage_daily, what is left of a span from the
// bills themselves.
#include "sql_ledger.hpp"

#include "bill_columns.hpp"
#include "sql_where.hpp"

#include <chrono>

namespace turngate::usage {
namespace {

constexpr std::string_view kFigures[] = {"input_tokens",
                                         "cached_tokens",
                                         "cache_write_tokens",
                                         "output_tokens",
                                         "reasoning_tokens",
                                         "total_tokens",
                                         "web_searches",
                                         "cost_nano_usd",
                                         "account_cost_nano_usd"};

std::string figures(std::string_view before, std::string_view after)
{
    std::string list;
    for (const std::string_view figure : kFigures)
        list.append(", ").append(before).append(figure).append(after);
    return list;
}

std::string column_of(GroupBy by)
{
    switch (by) {
    case GroupBy::key:
        return "key_name";
    case GroupBy::user:
        return "user_name";
    case GroupBy::group:
        return "group_name";
    case GroupBy::account:
        return "account_name";
    case GroupBy::model:
        return "requested_model";
    case GroupBy::day:
        return "";
    }
    return "key_name";
}

std::string of_days(const Span& days, const UsageQuery& query, GroupBy by, SqlValues& values)
{
    SqlWhere where(values);
    where.add_span("day", days);
    where.add_names(query);
    const std::string name = by == GroupBy::day ? "day" : column_of(by);
    return "SELECT " + name + " AS name, responses" + figures("", "") + " FROM usage_daily" +
           where.sql();
}

std::string of_bills(const Span& span, const UsageQuery& query, GroupBy by, SqlValues& values)
{
    SqlWhere where(values);
    where.add_span("started_at", span);
    where.add_names(query);
    const std::string name = by == GroupBy::day ? "started_at / 86400000000" : column_of(by);
    return "SELECT " + name + " AS name, 1 AS responses" + figures("", "") + " FROM usage_records" +
           where.sql();
}

std::string name_of_day(std::int64_t days)
{
    return core::to_rfc3339(core::Timestamp(std::chrono::days(days))).substr(0, 10);
}

UsageSum take_sum(SqlRow& row, GroupBy by)
{
    UsageSum sum;
    sum.name = by == GroupBy::day ? name_of_day(row.take_int()) : row.take_text();
    sum.responses = row.take_int();
    sum.tokens.input = row.take_int();
    sum.tokens.cached = row.take_int();
    sum.tokens.cache_write = row.take_int();
    sum.tokens.output = row.take_int();
    sum.tokens.reasoning = row.take_int();
    sum.tokens.total = row.take_int();
    sum.tokens.web_searches = row.take_int();
    sum.cost.value = row.take_int();
    sum.account_cost.value = row.take_int();
    return sum;
}

} // namespace

// Only where there are some to be found.
Span SqlLedger::span_of_page(const UsageQuery& query, const Span& asked)
{
    constexpr std::int64_t kDay = 86'400'000'000;
    Span days;
    if (asked.from)
        days.from = *asked.from / kDay;
    if (asked.before)
        days.before = (*asked.before - 1) / kDay + 1;
    SqlValues values;
    SqlWhere where(values);
    where.add_span("day", days);
    where.add_names(query);
    std::vector<DayCount> counts;
    for (SqlRow& row :
         session_->ask("SELECT day, sum(responses) FROM usage_daily" + where.sql() +
                           " GROUP BY day HAVING sum(responses) > 0 ORDER BY day DESC",
                       values)) {
        DayCount& one = counts.emplace_back();
        one.day = row.take_int();
        one.bills = row.take_int();
    }
    return span_of_newest(asked, counts, std::int64_t{query.limit} + 1);
}

std::vector<UsageSum> SqlLedger::sums(const UsageQuery& query, GroupBy by)
{
    SqlValues values;
    const ReportSpan span = report_span(query);
    std::string parts = span.days ? of_days(*span.days, query, by, values) : "";
    for (const Span& rest : span.rest)
        parts += (parts.empty() ? "" : " UNION ALL ") + of_bills(rest, query, by, values);
    const std::string order = by == GroupBy::day ? "1 DESC" : "10 DESC, 1";
    std::vector<UsageSum> sums;
    for (SqlRow& row :
         session_->ask("SELECT name, sum(responses)" + figures("sum(", ")") + " FROM (" + parts +
                           ") AS parts GROUP BY name HAVING sum(responses) > 0 "
                           "ORDER BY " +
                           order,
                       values))
        sums.push_back(take_sum(row, by));
    return sums;
}

} // namespace turngate::usage
