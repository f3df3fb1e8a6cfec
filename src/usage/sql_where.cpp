#include "sql_where.hpp"

#include "bill_columns.hpp"

namespace turngate::usage {

template <class T>
std::string SqlWhere::mark(T value)
{
    values_.give(value);
    return "$" + std::to_string(values_.all().size());
}

void SqlWhere::add_names(const UsageQuery& query)
{
    add_name("key_name", query.key);
    add_name("user_name", query.user);
    add_name("account_name", query.account);
    add_name("requested_model", query.model);
    if (query.request_type)
        sql_ += " AND request_type = " + mark(static_cast<std::int64_t>(*query.request_type));
    else if (query.stream)
        sql_ += *query.stream ? " AND request_type IN (2, 3)" : " AND request_type NOT IN (2, 3)";
}

void SqlWhere::add_span(std::string_view column, const Span& span)
{
    if (span.from)
        sql_ += " AND " + std::string(column) + " >= " + mark(*span.from);
    if (span.before)
        sql_ += " AND " + std::string(column) + " < " + mark(*span.before);
}

void SqlWhere::add_name(std::string_view column, const std::string& name)
{
    if (!name.empty())
        sql_ += " AND " + std::string(column) + " = " + mark(std::string_view(name));
}

void SqlWhere::add_cursor(const Cursor& cursor)
{
    const std::string at = mark(micros(cursor.started_at));
    const std::string uid = mark(std::string_view(cursor.response_uid));
    sql_ += " AND (started_at, response_uid) < (" + at + ", " + uid + ")";
}

void SqlWhere::add_after(std::int64_t settled_seq)
{
    sql_ += " AND settled_seq > " + mark(settled_seq);
}

std::string SqlWhere::add_limit(std::size_t rows)
{
    return " LIMIT " + mark(static_cast<std::int64_t>(rows));
}

} // namespace turngate::usage
