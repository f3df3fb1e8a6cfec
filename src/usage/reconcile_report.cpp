// A reconciliation for people and for programs.
#include "turngate/usage/reconcile.hpp"

#include "table.hpp"

#include <nlohmann/json.hpp>

namespace turngate::usage {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(BalanceDifference::Of of)
{
    return of == BalanceDifference::Of::user ? "user" : "key";
}

// Exact: what differs may be less than a report for people shows.
std::string amount(core::NanoUsd value)
{
    return std::to_string(value.value) + " nano USD";
}

std::string line_of(const UsageRecord& record)
{
    return "  " + printable(record.response_uid) + " of " + core::to_rfc3339(record.started_at) +
           ", user " + printable(record.user) + ", key " + printable(record.key) + ", " +
           amount(record.cost) + "\n";
}

std::string line_of(const BalanceDifference& one, const char* verb)
{
    return "  " + std::string(name_of(one.of)) + " " + printable(one.name) + " " +
           (one.is ? "is " + amount(*one.is) : "has no balance") + ", " + verb + " " +
           amount(one.should_be) + "\n";
}

std::string journal_text(const Reconciliation& all)
{
    std::string text = "journal: " + std::to_string(all.settled) + " settled records, " +
                       std::to_string(all.waiting) + " waiting, " + std::to_string(all.torn_bytes) +
                       " bytes that are no records\n";
    if (all.retired > 0)
        text += "retired: " + std::to_string(all.retired) + " of the settled records\n";
    text += "missing bills: " + std::to_string(all.missing.size()) + "\n";
    for (const UsageRecord& record : all.missing)
        text += line_of(record);
    return text;
}

std::string line_of(const DoubleBill& one)
{
    return "  " + printable(one.upstream_response_id) + " of account " + printable(one.account) +
           ": " + std::to_string(one.bills) + " bills, " + amount(one.cost) + "\n";
}

std::string fix_text(const Reconciliation& all)
{
    std::string text = "balances set: " + std::to_string(all.mended.size()) + "\n";
    for (const BalanceDifference& one : all.mended)
        text += line_of(one, "was set to");
    text += "bills put back: " + std::to_string(all.put_back) + "\n";
    if (all.buried > 0)
        text += "refused, now dead letters: " + std::to_string(all.buried) + "\n";
    return text;
}

Json json_of(const std::vector<BalanceDifference>& differences)
{
    Json all = Json::array();
    for (const BalanceDifference& one : differences)
        all.push_back({{std::string(name_of(one.of)), one.name},
                       {"is_nano_usd", one.is ? Json(one.is->value) : Json(nullptr)},
                       {"should_be_nano_usd", one.should_be.value}});
    return all;
}

Json json_of(const std::vector<UsageRecord>& records)
{
    Json all = Json::array();
    for (const UsageRecord& record : records)
        all.push_back({{"response_uid", record.response_uid},
                       {"started_at", core::to_rfc3339(record.started_at)},
                       {"user", record.user},
                       {"key", record.key},
                       {"cost_nano_usd", record.cost.value}});
    return all;
}

Json json_of(const std::vector<DoubleBill>& doubles)
{
    Json all = Json::array();
    for (const DoubleBill& one : doubles)
        all.push_back({{"account", one.account},
                       {"upstream_response_id", one.upstream_response_id},
                       {"bills", one.bills},
                       {"cost_nano_usd", one.cost.value}});
    return all;
}

} // namespace

std::string to_text(const Reconciliation& all)
{
    std::string text = journal_text(all);
    text +=
        "balances that differ from their bills: " + std::to_string(all.differences.size()) + "\n";
    for (const BalanceDifference& one : all.differences)
        text += line_of(one, "should be");
    text += "dead letters: " + std::to_string(all.dead_letters) +
            (all.dead_letters > 0 ? " (turngate dead-letters list)\n" : "\n");
    text += "upstream responses with several bills: " + std::to_string(all.doubles.size()) + "\n";
    for (const DoubleBill& one : all.doubles)
        text += line_of(one);
    return all.is_fix ? text + fix_text(all) : text;
}

std::string to_json(const Reconciliation& all)
{
    Json json = {{"is_even", all.is_even()},
                 {"settled_records", all.settled},
                 {"waiting_records", all.waiting},
                 {"retired_records", all.retired},
                 {"torn_bytes", all.torn_bytes},
                 {"missing", json_of(all.missing)},
                 {"differences", json_of(all.differences)},
                 {"dead_letters", all.dead_letters},
                 {"billed_twice", json_of(all.doubles)},
                 {"fix", nullptr}};
    if (all.is_fix)
        json["fix"] = {
            {"mended", json_of(all.mended)}, {"put_back", all.put_back}, {"buried", all.buried}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace turngate::usage
