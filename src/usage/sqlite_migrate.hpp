#pragma once

#include "migration.hpp"

namespace turngate::usage {

class SqliteDatabase;

// Applies what is pending, all or nothing. A second process waits meanwhile. Throws as pending().
void migrate(SqliteDatabase& database, const Migrations& migrations);

// Changes nothing: throws std::runtime_error when something is pending, and as pending().
void check_migrated(SqliteDatabase& database, const Migrations& migrations);

} // namespace turngate::usage
