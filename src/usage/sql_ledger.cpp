#include "sql_ledger.hpp"

#include "bill_columns.hpp"
#include "cursor.hpp"
#include "sql_where.hpp"

#include <algorithm>
#include <stdexcept>

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

Span span_of(const UsageQuery& query)
{
    Span span;
    if (query.since)
        span.from = micros(*query.since);
    if (query.until)
        span.before = micros(*query.until);
    return span;
}

Span before(Span span, const Cursor& cursor)
{
    const std::int64_t end = micros(cursor.started_at) + 1;
    span.before = std::min(span.before.value_or(end), end);
    return span;
}

// One name has an index. With more, or by the type, the database looks at bill after bill.
bool is_without_index(const UsageQuery& query)
{
    const int names =
        !query.key.empty() + !query.user.empty() + !query.account.empty() + !query.model.empty();
    return names > 1 || query.request_type || query.stream;
}

UsageRecord take_record(SqlRow& row)
{
    UsageRecord record;
    each_column(record, TakeColumns{row});
    record.settled_seq = row.take_int();
    return record;
}

} // namespace

Settled SqlLedger::settle(const std::vector<UsageRecord>& records)
{
    return records.empty() ? Settled() : session_->settle(records);
}

UsagePage SqlLedger::list(const UsageQuery& query)
{
    if (query.after && !query.cursor.empty())
        throw std::invalid_argument("after, cursor: one of them, not both");
    std::optional<Cursor> cursor;
    if (!query.cursor.empty())
        cursor = Cursor::parse(query.cursor);
    Span span = span_of(query);
    if (!query.after && is_without_index(query))
        span = span_of_page(query, cursor ? before(span, *cursor) : span);
    SqlValues values;
    SqlWhere where(values);
    where.add_span("started_at", span);
    where.add_names(query);
    if (query.after)
        where.add_after(*query.after);
    if (cursor)
        where.add_cursor(*cursor);
    const std::size_t limit = std::clamp(query.limit, 1u, 1000u);
    const std::string order =
        query.after ? " ORDER BY settled_seq" : " ORDER BY started_at DESC, response_uid DESC";
    const std::string most = where.add_limit(limit + 1); // one more: whether there is a next page
    UsagePage page;
    for (SqlRow& row :
         session_->ask("SELECT " + column_list() + ", settled_seq FROM usage_records" +
                           where.sql() + order + most,
                       values))
        page.records.push_back(take_record(row));
    if (page.records.size() > limit) {
        page.records.pop_back();
        const UsageRecord& last = page.records.back();
        if (!query.after)
            page.next_cursor = Cursor{last.started_at, last.response_uid}.text();
    }
    return page;
}

} // namespace turngate::usage
