#include "sqlite_session.hpp"

#include "bill_columns.hpp"
#include "sql_ledger.hpp"
#include "sqlite_migrate.hpp"

#include <algorithm>

namespace turngate::usage {
namespace {

// WAL, so that reports do not hold up the settler. FULL, because the journal deletes what is
// committed here: the commit must be on the disk, which WAL's usual NORMAL does not promise.
SqliteDatabase opened(const std::string& path, Opening opening)
{
    SqliteDatabase database(path, opening);
    if (opening != Opening::to_serve)
        check_migrated(database, sqlite_migrations());
    if (opening != Opening::to_read)
        database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
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

// A sum that does not fit becomes a REAL, which a STRICT table refuses.
std::string move_sql(const std::string& table, const std::string& sum)
{
    return "INSERT INTO " + table + " (name, " + sum + ", revision) VALUES (?, ?, 1) " +
           "ON CONFLICT (name) DO UPDATE SET " + sum + " = " + sum + " + excluded." + sum +
           ", revision = revision + 1";
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

void move(SqliteStatement& statement, const std::string& name, core::NanoUsd cost)
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
    : database_(opened(path, opening)), insert_(database_.prepare(insert_sql())),
      move_user_(database_.prepare(move_sql("users", "spent_nano_usd"))),
      move_key_(database_.prepare(move_sql("keys", "used_nano_usd")))
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

void SqliteSession::together(const std::function<void()>& work)
{
    SqliteTransaction transaction(database_);
    work();
    transaction.commit();
}

// SQLite has one writer at a time.
void SqliteSession::alone(const std::function<void()>& work)
{
    together(work);
}

std::size_t SqliteSession::insert(const std::vector<UsageRecord>& records)
{
    std::size_t inserted = 0;
    SqliteTransaction transaction(database_);
    for (const UsageRecord& record : records)
        inserted += insert_one(record) ? 1 : 0;
    transaction.commit();
    return inserted;
}

bool SqliteSession::insert_one(const UsageRecord& record)
{
    insert_.reset();
    each_column(record, GiveColumns{insert_});
    insert_.step();
    const bool is_new = database_.changes() > 0;
    insert_.reset();
    if (is_new) {
        move(move_user_, record.user, record.cost);
        move(move_key_, record.key, record.cost);
    }
    return is_new;
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
        move(keep_user, user, cost);
        move(keep_key, key, cost);
    }
    transaction.commit();
    return retired;
}

std::unique_ptr<Ledger> open_sqlite(const std::string& path, Opening opening)
{
    return std::make_unique<SqlLedger>(std::make_unique<SqliteSession>(path, opening));
}

} // namespace turngate::usage
