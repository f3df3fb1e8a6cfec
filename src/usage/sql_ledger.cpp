#include "sql_ledger.hpp"

#include "bill_columns.hpp"
#include "cursor.hpp"
#include "sql_where.hpp"

#include <algorithm>

namespace turngate::usage {
namespace {

// Fills the fields of a record from a row's columns.
struct TakeColumns
{
    SqlRow& row;

    void operator()(std::string_view, std::string& field) { field = row.take_text(); }
    void operator()(std::string_view, std::int64_t& field) { field = row.take_int(); }
    void operator()(std::string_view, std::optional<std::int64_t>& field)
    {
        field = row.take_maybe_int();
    }
    void operator()(std::string_view, core::Timestamp& field)
    {
        field = from_micros(row.take_int());
    }
    template <class T>
    void operator()(std::string_view, T& field) // choices and small numbers
    {
        field = static_cast<T>(row.take_int());
    }
};

UsageRecord take_record(SqlRow& row)
{
    UsageRecord record;
    each_column(record, TakeColumns{row});
    return record;
}

UsageSum take_sum(SqlRow& row)
{
    UsageSum sum;
    sum.name = row.take_text();
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

std::string column_of(GroupBy by, const SqlSession& session)
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
        return std::string(session.day_of_start());
    }
    return "key_name";
}

} // namespace

Settled SqlLedger::settle(const std::vector<UsageRecord>& records)
{
    return records.empty() ? Settled() : session_->settle(records);
}

UsagePage SqlLedger::list(const UsageQuery& query)
{
    SqlWhere where(query);
    if (!query.cursor.empty())
        where.add_cursor(Cursor::parse(query.cursor));
    const std::size_t limit = std::clamp(query.limit, 1u, 1000u);
    const std::string order = " ORDER BY started_at DESC, response_uid DESC" +
                              where.add_limit(limit + 1); // one more: whether there is a next page
    UsagePage page;
    for (SqlRow& row :
         session_->ask("SELECT " + column_list() + " FROM usage_records" + where.sql() + order,
                       where.values()))
        page.records.push_back(take_record(row));
    if (page.records.size() > limit) {
        page.records.pop_back();
        const UsageRecord& last = page.records.back();
        page.next_cursor = Cursor{last.started_at, last.response_uid}.text();
    }
    return page;
}

std::vector<UsageSum> SqlLedger::sums(const UsageQuery& query, GroupBy by)
{
    const SqlWhere where(query);
    const std::string order = by == GroupBy::day ? "1 DESC" : "10 DESC, 1";
    std::vector<UsageSum> sums;
    for (SqlRow& row : session_->ask(
             "SELECT " + column_of(by, *session_) +
                 ", count(*), sum(input_tokens), sum(cached_tokens), sum(cache_write_tokens), "
                 "sum(output_tokens), sum(reasoning_tokens), sum(total_tokens), "
                 "sum(web_searches), sum(cost_nano_usd), sum(account_cost_nano_usd) "
                 "FROM usage_records" +
                 where.sql() + " GROUP BY 1 ORDER BY " + order,
             where.values()))
        sums.push_back(take_sum(row));
    return sums;
}

} // namespace turngate::usage
