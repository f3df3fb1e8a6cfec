#include "sqlite_session.hpp"

#include "bill_columns.hpp"
#include "sql_ledger.hpp"
#include "sql_moves.hpp"
#include "sqlite_migrate.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace turngate::usage {
namespace {

// WAL, so that reports do not hold up the settler. FULL, because the journal deletes what is
// committed here: the commit must be on the disk, which WAL's usual NORMAL does not promise. What a
// statement with triggers may have to take back stays in memory: in a file it is twenty writes a
// bill.
SqliteDatabase opened(const std::string& path, Opening opening)
{
    SqliteDatabase database(path, opening);
    if (opening != Opening::to_serve)
        check_migrated(database, sqlite_migrations());
    if (opening != Opening::to_read)
        database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                     "PRAGMA temp_store = MEMORY");
    if (opening == Opening::to_serve)
        migrate(database, sqlite_migrations());
    return database;
}

std::string insert_sql()
{
    const std::string columns = column_list();
    std::string marks = "?";
    for (const char c : columns)
        if (c == ',')
            marks += ", ?";
    return "INSERT INTO usage_records (" + columns + ") VALUES (" + marks +
           ") ON CONFLICT (response_uid) DO NOTHING";
}

std::string keep_sql(const std::string& table, const std::string& sum)
{
    return "INSERT INTO " + table + " (name, " + sum + ", retired_nano_usd) VALUES (?, 0, ?) " +
           "ON CONFLICT (name) DO UPDATE SET " +
           "retired_nano_usd = retired_nano_usd + excluded.retired_nano_usd";
}

constexpr std::string_view kRetireSql =
    "DELETE FROM usage_records WHERE rowid IN (SELECT rowid FROM usage_records "
    "WHERE started_at >= ? AND started_at < ? ORDER BY started_at LIMIT ?) "
    "RETURNING started_at, user_name, key_name, cost_nano_usd";

struct GiveColumns
{
    SqliteStatement& to;

    void operator()(std::string_view, const std::string& field) { to.give(field); }
    void operator()(std::string_view, std::int64_t field) { to.give(field); }
    void operator()(std::string_view, const std::optional<std::int64_t>& field) { to.give(field); }
    void operator()(std::string_view, core::Timestamp field) { to.give(micros(field)); }
    template <class T>
    void operator()(std::string_view, const T& field) // choices and small numbers
    {
        to.give(static_cast<std::int64_t>(field));
    }
};

// What a batch comes to for each name that is in it; nothing: it has no new bill.
using Costs = std::map<std::string, std::optional<__int128>>;

void name(Costs& costs, const std::string& who)
{
    if (!who.empty())
        costs.try_emplace(who);
}

void add(Costs& costs, const std::string& who, std::int64_t cost)
{
    if (!who.empty())
        costs[who] = costs[who].value_or(0) + cost;
}

std::int64_t that_fits(__int128 cost)
{
    if (cost < std::numeric_limits<std::int64_t>::min() ||
        cost > std::numeric_limits<std::int64_t>::max())
        throw RecordRefused("the bills come to more than a balance can hold");
    return static_cast<std::int64_t>(cost);
}

std::vector<Sum> move_all(SqlSession& session, const SumColumn& column, const Costs& costs)
{
    std::vector<Sum> sums;
    for (const auto& [name, cost] : costs) {
        const auto sum = cost ? move_sum(session, column, name, that_fits(*cost))
                              : read_sum(session, column, name);
        if (sum)
            sums.push_back(*sum);
    }
    return sums;
}

void keep(SqliteStatement& statement, const std::string& name, core::NanoUsd cost)
{
    if (name.empty())
        return;
    statement.reset();
    statement.give(name).give(cost.value);
    statement.step();
    statement.reset(); // a statement in its middle would keep the transaction open
}

struct GiveValue
{
    SqliteStatement& to;

    void operator()(std::monostate) { to.give(std::optional<std::int64_t>()); }
    void operator()(std::int64_t value) { to.give(value); }
    void operator()(const std::string& text) { to.give(text); }
};

} // namespace

SqliteSession::SqliteSession(const std::string& path, Opening opening)
    : database_(opened(path, opening)), insert_(database_.prepare(insert_sql()))
{
}

void SqliteSession::give_up_at(core::Deadline deadline)
{
    until_ = deadline;
    database_.give_up_at(until_);
}

std::vector<SqlRow> SqliteSession::ask(const std::string& sql, const SqlValues& values)
{
    auto statement = database_.prepare(sql);
    for (const SqlValues::Value& value : values.all())
        std::visit(GiveValue{statement}, value);
    std::vector<SqlRow> rows;
    while (statement.step())
        rows.push_back(statement.take_row());
    return rows;
}

// Within another it is a part of that one.
void SqliteSession::together(const std::function<void()>& work)
{
    if (is_together_)
        return work();
    SqliteTransaction transaction(database_);
    is_together_ = true;
    try {
        work();
    } catch (...) {
        is_together_ = false;
        throw;
    }
    is_together_ = false;
    transaction.commit();
}

Settled SqliteSession::settle(const std::vector<UsageRecord>& records)
{
    Settled settled;
    together([&] {
        Costs users;
        Costs keys;
        const bool has_letters = !ask("SELECT 1 FROM dead_letters LIMIT 1", {}).empty();
        for (const UsageRecord& record : records) {
            name(users, record.user);
            name(keys, record.key);
            if (!insert_one(record))
                continue;
            ++settled.count;
            add(users, record.user, record.cost.value);
            add(keys, record.key, record.cost.value);
            if (!has_letters)
                continue;
            for (const CountedLetter& letter : take_letters(*this, record.response_uid)) {
                add(users, letter.user, -letter.counted);
                add(keys, letter.key, -letter.counted);
            }
        }
        settled.users = move_all(*this, of_users(), users);
        settled.keys = move_all(*this, of_keys(), keys);
    });
    return settled;
}

bool SqliteSession::insert_one(const UsageRecord& record)
{
    insert_.reset();
    each_column(record, GiveColumns{insert_});
    insert_.step();
    const bool is_new = database_.changes() > 0;
    insert_.reset();
    return is_new;
}

std::int64_t SqliteSession::change_mark()
{
    return ask("SELECT number FROM changes", {}).at(0).take_int();
}

SqlSession::Retired SqliteSession::retire(std::int64_t from,
                                          std::int64_t before,
                                          std::int64_t portion)
{
    Retired retired{.count = 0, .newest = from};
    SqliteTransaction transaction(database_);
    auto keep_user = database_.prepare(keep_sql("users", "spent_nano_usd"));
    auto keep_key = database_.prepare(keep_sql("keys", "used_nano_usd"));
    auto gone = database_.prepare(kRetireSql);
    gone.give(from).give(before).give(portion);
    while (gone.step()) {
        ++retired.count;
        retired.newest = std::max(retired.newest, gone.take_int());
        const std::string user = gone.take_text();
        const std::string key = gone.take_text();
        const core::NanoUsd cost{gone.take_int()};
        keep(keep_user, user, cost);
        keep(keep_key, key, cost);
    }
    transaction.commit();
    return retired;
}

std::unique_ptr<Ledger> open_sqlite(const std::string& path, Opening opening)
{
    return std::make_unique<SqlLedger>(std::make_unique<SqliteSession>(path, opening));
}

} // namespace turngate::usage
