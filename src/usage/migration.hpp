#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::usage {

// One file of migrations/<database>/, embedded at build time (embed_migrations.cmake). Immutable
// once released.
struct Migration
{
    int number;
    std::string_view name; // 0001_usage.sql
    std::string_view sql;

    // NNNN_…_concurrently.sql: one CREATE INDEX CONCURRENTLY, which PostgreSQL does not do within a
    // transaction.
    bool is_concurrent() const noexcept { return name.ends_with("_concurrently.sql"); }
};

// A line of migrations/<database>/compatible: databases that have `applied` are good for the file
// as it is `now`.
struct Compatible
{
    std::string_view name;
    std::string_view applied;
    std::string_view now;
};

struct Migrations
{
    std::span<const Migration> files; // by number
    std::span<const Compatible> compatible{};
};

Migrations sqlite_migrations();
Migrations postgres_migrations();

// A row of schema_migrations.
struct AppliedMigration
{
    int number = 0;
    std::string name;
    std::string sha256;
};

std::string checksum_of(const Migration& migration);

using Applied = std::vector<AppliedMigration>;

// What a database lacks, in order. Throws ForeignSchema when an applied file has changed
// (naming it and both checksums) or when the database was migrated by a newer program.
std::vector<Migration> pending(const Migrations& migrations,
                               const std::vector<AppliedMigration>& applied);

// For who may not bring it up to date: throws std::runtime_error, too, when it lacks something.
void check_none_pending(const Migrations& migrations, const Applied& applied);

} // namespace turngate::usage
