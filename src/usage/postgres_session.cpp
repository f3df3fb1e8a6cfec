#include "postgres_session.hpp"

#include "bill_columns.hpp"
#include "sql_moves.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace turngate::usage {
namespace {

std::string move_sql(const std::string& table, const std::string& sum, const std::string& name)
{
    return "moved_" + table + " AS (INSERT INTO " + table + " (name, " + sum +
           ", revision) SELECT " + name + ", sum(cost_nano_usd)::bigint, 1 FROM moves WHERE " +
           name + " <> '' GROUP BY " + name + " ORDER BY " + name +
           " ON CONFLICT (name) DO UPDATE SET " + sum + " = " + table + "." + sum + " + excluded." +
           sum + ", revision = " + table + ".revision + 1 RETURNING name, " + sum + ", revision)";
}

// All of a batch in one statement and one round trip; only what was inserted moves the sums, less
// what its dead letters counted. Sums are moved in the order of names, so that two gateways wait
// for each other and never in a circle.
//
// Rows: 0, '', how many are new, 0; 1, user, sum, revision; 2, key, sum, revision.
std::string settle_sql()
{
    const std::string columns = column_list();
    return "WITH inserted AS (INSERT INTO usage_records (" + columns + ") SELECT " + columns +
           " FROM json_populate_recordset(NULL::usage_records, $1::json) "
           "ON CONFLICT (response_uid) DO NOTHING "
           "RETURNING response_uid, user_name, key_name, cost_nano_usd), "
           "taken AS (DELETE FROM dead_letters WHERE response_uid IN (SELECT response_uid FROM "
           "inserted) RETURNING user_name, key_name, counted_nano_usd), "
           "moves AS (SELECT user_name, key_name, cost_nano_usd FROM inserted UNION ALL "
           "SELECT user_name, key_name, -counted_nano_usd FROM taken), " +
           move_sql("users", "spent_nano_usd", "user_name") + ", " +
           move_sql("keys", "used_nano_usd", "key_name") +
           " SELECT 0, '', count(*), 0 FROM inserted UNION ALL SELECT 1, name, spent_nano_usd, "
           "revision FROM moved_users UNION ALL SELECT 2, name, used_nano_usd, revision FROM "
           "moved_keys";
}

std::string keep_sql(const std::string& table, const std::string& sum, const std::string& name)
{
    return "kept_" + table + " AS (INSERT INTO " + table + " (name, " + sum +
           ", retired_nano_usd) SELECT " + name + ", 0, sum(cost_nano_usd)::bigint FROM gone " +
           "WHERE " + name + " <> '' GROUP BY " + name + " ORDER BY " + name +
           " ON CONFLICT (name) DO UPDATE SET retired_nano_usd = " + table +
           ".retired_nano_usd + excluded.retired_nano_usd)";
}

// Of the shape of settle_sql, so that both lock rows in one order. Bills that another gateway is
// just retiring are left to it.
std::string retire_sql()
{
    return "WITH old AS (SELECT response_uid FROM usage_records "
           "WHERE started_at >= $1 AND started_at < $2 ORDER BY started_at LIMIT $3 "
           "FOR UPDATE SKIP LOCKED), "
           "gone AS (DELETE FROM usage_records WHERE response_uid IN (SELECT response_uid FROM "
           "old) RETURNING started_at, user_name, key_name, cost_nano_usd), " +
           keep_sql("users", "spent_nano_usd", "user_name") + ", " +
           keep_sql("keys", "used_nano_usd", "key_name") +
           " SELECT count(*), max(started_at) FROM gone";
}

struct SetMembers
{
    nlohmann::json& object;

    void operator()(const char* name, const std::string& field) { object[name] = field; }
    void operator()(const char* name, std::int64_t field) { object[name] = field; }
    void operator()(const char* name, const std::optional<std::int64_t>& field)
    {
        object[name] = field ? nlohmann::json(*field) : nlohmann::json();
    }
    void operator()(const char* name, core::Timestamp field) { object[name] = micros(field); }
    template <class T>
    void operator()(const char* name, const T& field) // choices and small numbers
    {
        object[name] = static_cast<std::int64_t>(field);
    }
};

// Bytes that are no UTF-8 become U+FFFD: better a bill with a strange name than none.
std::string json_of(const std::vector<UsageRecord>& records)
{
    nlohmann::json all = nlohmann::json::array();
    for (const UsageRecord& record : records)
        each_column(record, SetMembers{all.emplace_back(nlohmann::json::object())});
    return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

PostgresSession::PostgresSession(std::unique_ptr<PostgresConnection> connection, GiveBack give_back)
    : connection_(std::move(connection)), give_back_(std::move(give_back)),
      settle_sql_(settle_sql())
{
}

PostgresSession::~PostgresSession()
{
    connection_->give_up_at(core::Deadline::max()); // the next who has it may take its time
    give_back_(std::move(connection_));
}

std::vector<SqlRow> PostgresSession::ask(const std::string& sql, const SqlValues& values)
{
    return connection_->ask(sql, values);
}

void PostgresSession::together(const std::function<void()>& work)
{
    connection_->in_transaction(work);
}

// Others may still read: the lock stops inserts and deletes, and lets those end that are at work.
void PostgresSession::alone(const std::function<void()>& work)
{
    connection_->in_transaction([&] {
        connection_->ask("LOCK TABLE usage_records IN SHARE ROW EXCLUSIVE MODE");
        work();
    });
}

Settled PostgresSession::settle(const std::vector<UsageRecord>& records)
{
    Settled settled;
    for (SqlRow& row : connection_->ask(settle_sql_, SqlValues().give(json_of(records)))) {
        const std::int64_t what = row.take_int();
        if (what == 0) {
            row.take_text();
            settled.count = static_cast<std::size_t>(row.take_int());
        } else {
            (what == 1 ? settled.users : settled.keys).push_back(take_sum(row));
        }
    }
    if (settled.count < records.size()) // those that moved nothing have to be read
        add_unmoved(*this, records, settled);
    return settled;
}

// The oldest transaction that may still change something, as a row's xmin would have it: of 32
// bits, and none of the first three, which mean something else.
std::int64_t PostgresSession::change_mark()
{
    auto rows = ask("SELECT txid_snapshot_xmin(txid_current_snapshot())", {});
    const auto xid = static_cast<std::uint32_t>(rows.at(0).take_int());
    return xid < 3 ? std::numeric_limits<std::uint32_t>::max() : xid;
}

std::string_view PostgresSession::changed_since() const
{
    return "age(xmin) <= age($1::text::xid)";
}

SqlSession::Retired PostgresSession::retire(std::int64_t from,
                                            std::int64_t before,
                                            std::int64_t portion)
{
    auto rows = connection_->ask(retire_sql(), SqlValues().give(from).give(before).give(portion));
    Retired retired;
    retired.count = static_cast<std::size_t>(rows.at(0).take_int());
    retired.newest = rows.at(0).take_int();
    return retired;
}

} // namespace turngate::usage
