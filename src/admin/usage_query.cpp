#include "usage_query.hpp"

#include "turngate/usage/report.hpp"

#include <charconv>

namespace turngate::admin {
namespace {

constexpr const char* kCsv = "text/csv; charset=utf-8";

template <class Number>
bool read_number(std::string_view text, Number& number)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

std::optional<usage::RequestType> request_type(std::string_view name)
{
    using usage::RequestType;
    for (const auto type :
         {RequestType::unknown, RequestType::sync, RequestType::stream, RequestType::ws_v2})
        if (usage::name_of(type) == name)
            return type;
    return std::nullopt;
}

// One parameter; false if its value is not acceptable, or nobody knows it.
bool take(UsageRequest& request,
          std::string_view name,
          const std::string& value,
          core::Timestamp now)
{
    usage::UsageQuery& query = request.query;
    if (name == "since")
        return (query.since = core::read_time(value, now)).has_value();
    if (name == "until")
        return (query.until = core::read_time(value, now)).has_value();
    if (name == "by")
        return (request.by = usage::group_by(value)).has_value();
    if (name == "request_type")
        return (query.request_type = request_type(value)).has_value();
    if (name == "format")
        return (request.as_csv = value == "csv") || value == "json";
    if (name == "limit")
        return read_number(value, query.limit) && query.limit >= 1 && query.limit <= 1000;
    if (name == "after")
        return read_number(value, query.after.emplace()) && *query.after >= 0;
    if (name == "stream") {
        query.stream = value == "true" || value == "1";
        return *query.stream || value == "false" || value == "0";
    }
    if (name == "key")
        query.key = value;
    else if (name == "user")
        query.user = value;
    else if (name == "account")
        query.account = value;
    else if (name == "model")
        query.model = value;
    else if (name == "cursor")
        query.cursor = value;
    else
        return false;
    return true;
}

} // namespace

UsageRequest read_usage_request(const std::vector<std::pair<std::string, std::string>>& query,
                                core::Timestamp now)
{
    UsageRequest request;
    for (const auto& [name, value] : query)
        if (!take(request, name, value, now) && request.complaint.empty())
            request.complaint = name + ": unknown, or its value is not valid";
    return request;
}

Answer answer_usage(const UsageRequest& wanted, usage::Ledger& ledger)
{
    if (wanted.by) {
        const auto sums = ledger.sums(wanted.query, *wanted.by);
        if (wanted.as_csv)
            return {200, usage::to_csv(sums, *wanted.by), kCsv};
        return {200, usage::to_json(sums, *wanted.by)};
    }
    const auto page = ledger.list(wanted.query);
    if (wanted.as_csv)
        return {200, usage::to_csv(page), kCsv};
    return {200, usage::to_json(page)};
}

} // namespace turngate::admin
