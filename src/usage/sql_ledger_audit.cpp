// The part of the ledger that is asked whether it is right, and set right.
#include "sql_ledger.hpp"

#include "sql_moves.hpp"

#include <unordered_set>

namespace turngate::usage {
namespace {

constexpr std::size_t kAsked = 256; // always as many, so that it is one statement

std::string known_sql()
{
    std::string marks;
    for (std::size_t i = 1; i <= kAsked; ++i)
        marks += (i == 1 ? "$" : ", $") + std::to_string(i);
    return "SELECT response_uid FROM usage_records WHERE response_uid IN (" + marks +
           ") UNION ALL SELECT response_uid FROM dead_letters WHERE response_uid IN (" + marks +
           ")";
}

// is_now is NULL where there is no row.
std::string difference_sql(const SumColumn& side)
{
    return "SELECT name, max(is_now) AS is_now, sum(should_be) AS should_be FROM (SELECT name, " +
           side.sum + " AS is_now, retired_nano_usd AS should_be FROM " + side.table +
           " UNION ALL SELECT " + side.owner +
           ", NULL, sum(cost_nano_usd) FROM usage_records WHERE " + side.owner +
           " <> '' GROUP BY " + side.owner + " UNION ALL SELECT " + side.owner +
           ", NULL, sum(counted_nano_usd) FROM dead_letters WHERE " + side.owner +
           " <> '' GROUP BY " + side.owner +
           ") AS two_sides GROUP BY name "
           "HAVING max(is_now) IS NULL OR max(is_now) <> sum(should_be)";
}

std::string mend_sql(const SumColumn& side)
{
    return "INSERT INTO " + side.table + " (name, " + side.sum +
           ", revision) SELECT name, should_be, 1 FROM (" + difference_sql(side) +
           ") AS wrong WHERE true ON CONFLICT (name) DO UPDATE SET " + side.sum + " = excluded." +
           side.sum + ", revision = " + side.table + ".revision + 1";
}

void add_differences(SqlSession& session, const SumColumn& side, std::vector<BalanceDifference>& to)
{
    for (SqlRow& row : session.ask(difference_sql(side) + " ORDER BY name")) {
        BalanceDifference& difference = to.emplace_back();
        difference.of = side.of;
        difference.name = row.take_text();
        if (const auto is_now = row.take_maybe_int())
            difference.is = core::NanoUsd{*is_now};
        difference.should_be.value = row.take_int();
    }
}

} // namespace

std::vector<std::string> SqlLedger::missing(const std::vector<std::string>& uids)
{
    std::unordered_set<std::string> known;
    for (std::size_t at = 0; at < uids.size(); at += kAsked) {
        SqlValues values;
        for (std::size_t i = at; i < at + kAsked; ++i)
            values.give(i < uids.size() ? uids[i] : uids.back());
        for (SqlRow& row : session_->ask(known_sql(), values))
            known.insert(row.take_text());
    }
    std::vector<std::string> missing;
    for (const std::string& uid : uids)
        if (!known.contains(uid))
            missing.push_back(uid);
    return missing;
}

// Whatever goes through all bills: for the command line.
std::vector<DoubleBill> SqlLedger::billed_twice(unsigned limit)
{
    std::vector<DoubleBill> doubles;
    for (SqlRow& row :
         session_->ask("SELECT account_name, upstream_response_id, count(*), sum(cost_nano_usd) "
                       "FROM usage_records WHERE upstream_response_id <> '' "
                       "GROUP BY upstream_response_id, account_name HAVING count(*) > 1 "
                       "ORDER BY 4 DESC, 2, 1 LIMIT $1",
                       SqlValues().give(std::int64_t{limit}))) {
        DoubleBill& one = doubles.emplace_back();
        one.account = row.take_text();
        one.upstream_response_id = row.take_text();
        one.bills = row.take_int();
        one.cost.value = row.take_int();
    }
    return doubles;
}

std::vector<BalanceDifference> SqlLedger::balance_differences()
{
    std::vector<BalanceDifference> differences;
    add_differences(*session_, of_users(), differences);
    add_differences(*session_, of_keys(), differences);
    return differences;
}

std::vector<BalanceDifference> SqlLedger::mend_balances()
{
    std::vector<BalanceDifference> mended;
    session_->alone([&] {
        mended = balance_differences();
        session_->ask(mend_sql(of_users()));
        session_->ask(mend_sql(of_keys()));
    });
    return mended;
}

} // namespace turngate::usage
