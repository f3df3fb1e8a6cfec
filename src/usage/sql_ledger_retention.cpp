// The part of the ledger that forgets old bills.
#include "sql_ledger.hpp"

#include "bill_columns.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <thread>

namespace turngate::usage {
namespace {

using namespace std::chrono_literals;

constexpr auto kYoungest = 24h;

// As long as the longest nap of a SQLite writer that finds the file locked: it gets its turn.
constexpr auto kBetweenPortions = 100ms;

} // namespace

// The mark comes first: a bill that is seen to be gone is never one that reconciliation misses.
std::size_t SqlLedger::retire(core::Timestamp before, unsigned portion)
{
    if (before > core::wall_now() - kYoungest)
        throw std::invalid_argument("bills are kept for a day at least");
    remember_retention(before);
    const std::int64_t most = std::max(portion, 1u);
    std::int64_t from = std::numeric_limits<std::int64_t>::min();
    std::size_t retired = 0;
    for (;;) {
        const SqlSession::Retired gone = session_->retire(from, micros(before), most);
        retired += gone.count;
        if (gone.count < static_cast<std::size_t>(most)) {
            forget_empty_days();
            return retired;
        }
        from = gone.newest; // not before it: the index still has all that went
        std::this_thread::sleep_for(kBetweenPortions);
    }
}

std::optional<core::Timestamp> SqlLedger::retired_before()
{
    auto rows = session_->ask("SELECT started_before FROM retention");
    return rows.empty() ? std::nullopt : std::optional(from_micros(rows[0].take_int()));
}

void SqlLedger::forget_empty_days()
{
    const std::string key = "day, user_name, key_name, group_name, account_name, requested_model, "
                            "request_type";
    session_->ask("DELETE FROM usage_daily WHERE (" + key + ") IN (SELECT " + key +
                  " FROM usage_daily WHERE responses = 0" + std::string(session_->but_locked()) +
                  ")");
}

void SqlLedger::remember_retention(core::Timestamp before)
{
    session_->ask("INSERT INTO retention (only_row, started_before) VALUES (1, $1) "
                  "ON CONFLICT (only_row) DO UPDATE SET started_before = excluded.started_before "
                  "WHERE retention.started_before < excluded.started_before",
                  SqlValues().give(micros(before)));
}

} // namespace turngate::usage
