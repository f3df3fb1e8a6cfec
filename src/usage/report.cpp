#include "turngate/usage/report.hpp"

#include "table.hpp"

#include <nlohmann/json.hpp>

namespace turngate::usage {
namespace {

// To the second: a person reads it.
std::string time_of(const UsageRecord& record)
{
    return core::to_rfc3339(record.started_at).substr(0, 19) + "Z";
}

void add_to(UsageSum& total, const protocol::TokenUsage& tokens, core::NanoUsd cost)
{
    total.tokens.input += tokens.input;
    total.tokens.cached += tokens.cached;
    total.tokens.output += tokens.output;
    total.tokens.total += tokens.total;
    total.cost += cost;
}

} // namespace

std::string to_json(const UsagePage& page)
{
    std::string json = R"({"data":[)";
    for (const UsageRecord& record : page.records) {
        json += json.back() == '[' ? "" : ",";
        json += to_json(record);
    }
    json += R"(],"next_cursor":)";
    json += page.next_cursor.empty() ? "null" : nlohmann::json(page.next_cursor).dump();
    return json + "}";
}

std::string to_json(const std::vector<UsageSum>& sums, GroupBy by)
{
    using Json = nlohmann::ordered_json;
    Json data = Json::array();
    for (const UsageSum& sum : sums)
        data.push_back({
            {std::string(name_of(by)), sum.name},
            {"responses", sum.responses},
            {"input_tokens", sum.tokens.input},
            {"cached_tokens", sum.tokens.cached},
            {"cache_write_tokens", sum.tokens.cache_write},
            {"output_tokens", sum.tokens.output},
            {"reasoning_tokens", sum.tokens.reasoning},
            {"total_tokens", sum.tokens.total},
            {"cost_nano_usd", sum.cost.value},
            {"account_cost_nano_usd", sum.account_cost.value},
        });
    return Json{{"data", std::move(data)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void print(std::ostream& out, const UsagePage& page)
{
    Table table({"started",
                 "user",
                 "key",
                 "account",
                 "model",
                 "status",
                 "input",
                 "cached",
                 "output",
                 "total",
                 "cost USD"},
                6);
    UsageSum total;
    for (const UsageRecord& record : page.records) {
        const protocol::TokenUsage& tokens = record.tokens;
        table.add({time_of(record),
                   record.user,
                   record.key,
                   record.account,
                   record.requested_model,
                   std::string(name_of(record.status)) + (record.estimated ? " (estimated)" : ""),
                   std::to_string(tokens.input),
                   std::to_string(tokens.cached),
                   std::to_string(tokens.output),
                   std::to_string(tokens.total),
                   dollars(record.cost)});
        add_to(total, tokens, record.cost);
    }
    table.add({"total",
               "",
               "",
               "",
               "",
               std::to_string(page.records.size()) + " responses",
               std::to_string(total.tokens.input),
               std::to_string(total.tokens.cached),
               std::to_string(total.tokens.output),
               std::to_string(total.tokens.total),
               dollars(total.cost)});
    table.print(out);
}

void print(std::ostream& out, const std::vector<UsageSum>& sums, GroupBy by)
{
    Table table({std::string(name_of(by)),
                 "responses",
                 "input",
                 "cached",
                 "output",
                 "total",
                 "cost USD",
                 "account USD"},
                1);
    const auto add = [&table](const UsageSum& sum) {
        table.add({sum.name,
                   std::to_string(sum.responses),
                   std::to_string(sum.tokens.input),
                   std::to_string(sum.tokens.cached),
                   std::to_string(sum.tokens.output),
                   std::to_string(sum.tokens.total),
                   dollars(sum.cost),
                   dollars(sum.account_cost)});
    };
    UsageSum total;
    total.name = "total";
    for (const UsageSum& sum : sums) {
        add(sum);
        total.responses += sum.responses;
        total.account_cost += sum.account_cost;
        add_to(total, sum.tokens, sum.cost);
    }
    add(total);
    table.print(out);
}

} // namespace turngate::usage
