#include "migration.hpp"

#include "turngate/core/id.hpp"
#include "turngate/usage/repository.hpp"

#include <algorithm>

namespace turngate::usage {
namespace {

bool is_compatible(const Migrations& migrations,
                   const AppliedMigration& applied,
                   const std::string& now)
{
    return std::ranges::any_of(migrations.compatible, [&](const Compatible& pair) {
        return pair.name == applied.name && pair.applied == applied.sha256 && pair.now == now;
    });
}

void check(const Migrations& migrations, const AppliedMigration& applied)
{
    const auto file = std::ranges::find(migrations.files, applied.number, &Migration::number);
    if (file == migrations.files.end())
        throw ForeignSchema("migration " + applied.name + " is in the database, but this " +
                            "program does not know it: it is older than the database");
    const std::string now = checksum_of(*file);
    if (applied.sha256 != now && !is_compatible(migrations, applied, now))
        throw ForeignSchema("migration " + std::string(file->name) +
                            " has changed since it was applied: the database has " +
                            applied.sha256 + ", this program has " + now);
}

} // namespace

std::string checksum_of(const Migration& migration)
{
    return core::sha256(migration.sql).hex();
}

std::vector<Migration> pending(const Migrations& migrations,
                               const std::vector<AppliedMigration>& applied)
{
    for (const AppliedMigration& row : applied)
        check(migrations, row);
    std::vector<Migration> missing;
    for (const Migration& file : migrations.files)
        if (std::ranges::find(applied, file.number, &AppliedMigration::number) == applied.end())
            missing.push_back(file);
    return missing;
}

void check_none_pending(const Migrations& migrations, const Applied& applied)
{
    if (applied.empty())
        throw std::runtime_error("this database has no tables of turngate: `turngate serve` and "
                                 "`turngate migrate` make them");
    if (!pending(migrations, applied).empty())
        throw std::runtime_error("the database is older than this program: `turngate migrate`, or "
                                 "a restart of the gateway, brings it up to date");
}

} // namespace turngate::usage
