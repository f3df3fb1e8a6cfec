#pragma once

#include "migration.hpp"

#include <span>

namespace turngate::usage {

class SqliteDatabase;

// Applies what is pending, all or nothing. Throws std::runtime_error when an applied file has
// changed (naming it and both checksums) or when the database was migrated by a newer program.
void migrate(SqliteDatabase& database, std::span<const Migration> migrations);

} // namespace turngate::usage
