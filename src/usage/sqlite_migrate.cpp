#include "sqlite_migrate.hpp"

#include "sqlite_database.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/telemetry/log.hpp"

namespace turngate::usage {
namespace {

std::vector<AppliedMigration> read_applied(SqliteDatabase& database)
{
    std::vector<AppliedMigration> applied;
    auto rows = database.prepare("SELECT number, name, sha256 FROM schema_migrations");
    while (rows.step()) {
        AppliedMigration& row = applied.emplace_back();
        row.number = static_cast<int>(rows.take_int());
        row.name = rows.take_text();
        row.sha256 = rows.take_text();
    }
    return applied;
}

void apply(SqliteDatabase& database, const Migration& migration)
{
    const std::string sha256 = checksum_of(migration);
    database.run(std::string(migration.sql));
    database
        .prepare(
            "INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)")
        .give(std::int64_t{migration.number})
        .give(migration.name)
        .give(sha256)
        .give(std::int64_t{core::wall_now().time_since_epoch().count()})
        .step();
    telemetry::log_info("migration applied", {{"name", migration.name}});
}

} // namespace

void migrate(SqliteDatabase& database, const Migrations& migrations)
{
    SqliteTransaction transaction(database); // IMMEDIATE: the lock between processes
    database.run("CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, "
                 "name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT");
    for (const Migration& migration : pending(migrations, read_applied(database)))
        apply(database, migration);
    transaction.commit();
}

void check_migrated(SqliteDatabase& database, const Migrations& migrations)
{
    const bool has_tables =
        database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").step();
    check_none_pending(migrations, has_tables ? read_applied(database) : Applied());
}

} // namespace turngate::usage
