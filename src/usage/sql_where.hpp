#pragma once

#include "cursor.hpp"
#include "sql_session.hpp"
#include "turngate/usage/repository.hpp"

#include <string>

namespace turngate::usage {

// " WHERE …" for usage_records. Conditions and their values side by side, so that they cannot get
// out of step.
class SqlWhere
{
public:
    explicit SqlWhere(const UsageQuery& query);

    void add_cursor(const Cursor& cursor);
    std::string add_limit(std::size_t rows); // " LIMIT $n"; last

    const std::string& sql() const { return sql_; }
    const SqlValues& values() const { return values_; }

private:
    template <class T>
    std::string mark(T value); // $n for one more value
    void add_name(std::string_view column, const std::string& name);

    std::string sql_ = " WHERE true";
    SqlValues values_;
};

} // namespace turngate::usage
