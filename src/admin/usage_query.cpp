#include "usage_query.hpp"

#include <charconv>

namespace turngate::admin {
namespace {

std::string percent_decode(std::string_view text)
{
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        if (text[i] == '+') {
            decoded.push_back(' ');
        } else if (text[i] == '%' && i + 2 < text.size() &&
                   std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr ==
                       text.data() + i + 3) {
            decoded.push_back(static_cast<char>(value));
            i += 2;
        } else {
            decoded.push_back(text[i]);
        }
    }
    return decoded;
}

bool read_limit(std::string_view text, unsigned& limit)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    return error == std::errc() && end == text.data() + text.size() && limit >= 1 && limit <= 1000;
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
        return read_limit(value, query.limit);
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

UsageRequest read_usage_request(std::string_view query_string, core::Timestamp now)
{
    UsageRequest request;
    while (!query_string.empty()) {
        const std::string_view pair = query_string.substr(0, query_string.find('&'));
        query_string.remove_prefix(std::min(query_string.size(), pair.size() + 1));
        if (pair.empty())
            continue;
        const auto equals = std::min(pair.find('='), pair.size());
        const std::string name = percent_decode(pair.substr(0, equals));
        const std::string value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
        if (!take(request, name, value, now) && request.complaint.empty())
            request.complaint = name + ": unknown, or its value is not valid";
    }
    return request;
}

} // namespace turngate::admin
