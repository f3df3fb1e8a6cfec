#include "sqlite_migrate.hpp"

#include "sqlite_database.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>

namespace turngate::usage {
namespace {

struct Applied
{
    std::string name;
    std::string sha256;
};

std::map<int, Applied> read_applied(SqliteDatabase& database)
{
    std::map<int, Applied> applied;
    auto rows = database.prepare("SELECT number, name, sha256 FROM schema_migrations");
    while (rows.step()) {
        const int number = static_cast<int>(rows.take_int());
        Applied& row = applied[number];
        row.name = rows.take_text();
        row.sha256 = rows.take_text();
    }
    return applied;
}

void check_unchanged(const Migration& migration, const Applied& applied)
{
    const std::string sha256 = core::sha256(migration.sql).hex();
    if (applied.sha256 != sha256)
        throw std::runtime_error("migration " + std::string(migration.name) +
                                 " has changed since it was applied: the database has " +
                                 applied.sha256 + ", this program has " + sha256);
}

void check_known(const std::map<int, Applied>& applied, std::span<const Migration> migrations)
{
    for (const auto& [number, row] : applied)
        if (std::ranges::find(migrations, number, &Migration::number) == migrations.end())
            throw std::runtime_error("migration " + row.name +
                                     " is in the database, but this program " +
                                     "does not know it: it is older than the database");
}

void apply(SqliteDatabase& database, const Migration& migration)
{
    const std::string sha256 = core::sha256(migration.sql).hex();
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

void migrate(SqliteDatabase& database, std::span<const Migration> migrations)
{
    SqliteTransaction transaction(
        database); // a second process waits here, then finds nothing to do
    database.run("CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, "
                 "name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT");
    const std::map<int, Applied> applied = read_applied(database);
    check_known(applied, migrations);
    for (const Migration& migration : migrations) {
        const auto known = applied.find(migration.number);
        if (known != applied.end())
            check_unchanged(migration, known->second);
        else
            apply(database, migration);
    }
    transaction.commit();
}

} // namespace turngate::usage
