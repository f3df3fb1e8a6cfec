#include "bill_columns.hpp"

namespace turngate::usage {

std::string column_list()
{
    std::string list;
    const UsageRecord record;
    each_column(record, [&list](std::string_view name, const auto&) {
        list.append(list.empty() ? "" : ", ").append(name);
    });
    return list;
}

} // namespace turngate::usage
