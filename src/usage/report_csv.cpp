// Reports as CSV (RFC 4180), made of what is shown as JSON: one list of fields, and no two orders.
#include "turngate/usage/report.hpp"

#include <nlohmann/json.hpp>

namespace turngate::usage {
namespace {

using Json = nlohmann::ordered_json;

// Names come from configurations, clients and upstreams; a spreadsheet computes what looks like a
// formula.
bool is_taken_for_a_formula(const std::string& text)
{
    return !text.empty() && std::string_view("=+-@\t\r\n").find(text[0]) != std::string_view::npos;
}

std::string quoted(const std::string& text)
{
    if (text.find_first_of(",\"\r\n") == std::string::npos)
        return text;
    std::string field = "\"";
    for (const char c : text)
        field.append(c == '"' ? 2 : 1, c);
    return field + '"';
}

std::string field_of(const Json& value)
{
    if (value.is_null())
        return "";
    if (!value.is_string())
        return value.dump();
    const auto& text = value.get_ref<const std::string&>();
    return quoted(is_taken_for_a_formula(text) ? "'" + text : text);
}

void add_head(std::string& csv, const Json& object)
{
    for (const auto& [name, value] : object.items())
        csv += (csv.empty() ? "" : ",") + name;
    csv += "\r\n";
}

void add_row(std::string& csv, const Json& object)
{
    const char* before = "";
    for (const auto& [name, value] : object.items()) {
        csv += before + field_of(value);
        before = ",";
    }
    csv += "\r\n";
}

} // namespace

std::string to_csv(const UsagePage& page)
{
    std::string csv;
    add_head(csv, Json::parse(to_json(UsageRecord())));
    for (const UsageRecord& record : page.records)
        add_row(csv, Json::parse(to_json(record)));
    return csv;
}

std::string to_csv(const std::vector<UsageSum>& sums, GroupBy by)
{
    std::string csv;
    add_head(csv, Json::parse(to_json({UsageSum()}, by)).at("data").at(0));
    const Json all = Json::parse(to_json(sums, by));
    for (const Json& sum : all.at("data"))
        add_row(csv, sum);
    return csv;
}

} // namespace turngate::usage
