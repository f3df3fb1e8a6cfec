#include "postgres_migrate.hpp"

#include "postgres_connection.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>
#include <thread>

namespace turngate::usage {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLockNumber = 0x7475726e67617465; // "turngate"
constexpr auto kLongestWait = 10min;
constexpr auto kBetweenTries = 100ms;

// Held by a connection of its own, which does nothing else: it has no transaction that could end
// with it, and none that an index would have to wait for. For the same reason the others ask again
// and again instead of waiting in the database: a waiting statement is a transaction, and building
// an index concurrently waits for all of these.
class MigrationLock
{
public:
    MigrationLock(const std::string& url, Watchdog& watchdog) : connection_(url, watchdog, 30s)
    {
        const core::Deadline deadline = core::Clock::now() + kLongestWait;
        while (!is_free("SELECT pg_try_advisory_lock($1)::int")) {
            if (core::Clock::now() > deadline)
                throw std::runtime_error("another process has been migrating for ten minutes");
            std::this_thread::sleep_for(kBetweenTries);
        }
    }

    // A connection that was lost has lost the lock.
    void check_held() { connection_.ask("SELECT 1"); }

private:
    bool is_free(const std::string& sql)
    {
        return connection_.ask(sql, SqlValues().give(kLockNumber)).at(0).take_int() == 1;
    }

    PostgresConnection connection_; // the lock ends with it
};

std::vector<AppliedMigration> read_applied(PostgresConnection& connection)
{
    std::vector<AppliedMigration> applied;
    for (SqlRow& row :
         connection.ask("SELECT number, name, sha256 FROM schema_migrations ORDER BY number")) {
        AppliedMigration& one = applied.emplace_back();
        one.number = static_cast<int>(row.take_int());
        one.name = row.take_text();
        one.sha256 = row.take_text();
    }
    return applied;
}

// The name is one of ours and the rest is numbers and hex: nothing here needs quoting.
std::string remember(const Migration& migration)
{
    return "INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (" +
           std::to_string(migration.number) + ", '" + std::string(migration.name) + "', '" +
           checksum_of(migration) + "', " +
           std::to_string(core::wall_now().time_since_epoch().count()) + ")";
}

std::string index_of(const Migration& migration)
{
    static const std::regex form(
        R"(CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?([a-z0-9_]+)\s+ON\s)");
    std::match_results<std::string_view::const_iterator> found;
    if (!std::regex_search(migration.sql.begin(), migration.sql.end(), found, form))
        throw std::runtime_error(std::string(migration.name) +
                                 ": has no CREATE INDEX CONCURRENTLY name ON …");
    return found[1].str();
}

enum class Index : std::uint8_t { absent, invalid, valid };

Index state_of(PostgresConnection& connection, const std::string& index)
{
    auto rows = connection.ask("SELECT indisvalid::int FROM pg_index "
                               "WHERE indexrelid = to_regclass(quote_ident($1))",
                               SqlValues().give(index));
    if (rows.empty())
        return Index::absent;
    return rows[0].take_int() == 1 ? Index::valid : Index::invalid;
}

// What fails or dies in the middle of building leaves an index that is never used and slows every
// insert; IF NOT EXISTS takes it for done. It is made anew.
void build_index(PostgresConnection& connection, const Migration& migration)
{
    const std::string index = index_of(migration);
    if (state_of(connection, index) == Index::invalid) {
        telemetry::log_warn("invalid index is made anew", {{"index", index}});
        connection.run_alone("DROP INDEX CONCURRENTLY " + index);
    }
    if (state_of(connection, index) == Index::absent)
        connection.run_alone(std::string(migration.sql));
    if (state_of(connection, index) != Index::valid)
        throw std::runtime_error(std::string(migration.name) + ": index " + index +
                                 " is not valid");
    connection.run_in_transaction(remember(migration));
}

void apply(PostgresConnection& connection, const Migration& migration)
{
    if (migration.is_concurrent())
        build_index(connection, migration);
    else
        connection.run_in_transaction(std::string(migration.sql) + "\n;" + remember(migration));
    telemetry::log_info("migration applied", {{"name", migration.name}});
}

} // namespace

void check_migrated(PostgresConnection& connection, const Migrations& migrations)
{
    const bool has_tables =
        connection.ask("SELECT (to_regclass('schema_migrations') IS NOT NULL)::int")
            .at(0)
            .take_int() == 1;
    check_none_pending(migrations, has_tables ? read_applied(connection) : Applied());
}

void migrate_postgres(const std::string& url, Watchdog& watchdog, const Migrations& migrations)
{
    MigrationLock lock(url, watchdog);
    PostgresConnection connection(url, watchdog, 0ms); // an index may take its hours
    connection.run_in_transaction(
        "SET LOCAL client_min_messages = warning; "
        "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, "
        "name text NOT NULL, sha256 text NOT NULL, applied_at bigint NOT NULL)");
    for (const Migration& migration : pending(migrations, read_applied(connection))) {
        lock.check_held();
        apply(connection, migration);
    }
}

} // namespace turngate::usage
