#pragma once

#include "cursor.hpp"
#include "report_span.hpp"
#include "sql_session.hpp"
#include "turngate/usage/repository.hpp"

#include <string>
#include <string_view>

namespace turngate::usage {

// " WHERE …". Conditions and their values side by side, so that they cannot get out of step;
// several of a statement give theirs to the same values, in its order.
class SqlWhere
{
public:
    explicit SqlWhere(SqlValues& values) : values_(values) {}

    void add_names(const UsageQuery& query); // and the request type; not the time
    void add_span(std::string_view column, const Span& span);
    void add_cursor(const Cursor& cursor);
    void add_after(std::int64_t settled_seq);
    std::string add_limit(std::size_t rows); // " LIMIT $n"; last

    const std::string& sql() const { return sql_; }

private:
    template <class T>
    std::string mark(T value); // $n for one more value
    void add_name(std::string_view column, const std::string& name);

    std::string sql_ = " WHERE true";
    SqlValues& values_;
};

} // namespace turngate::usage
