#pragma once

#include "migration.hpp"

#include <string>

namespace turngate::usage {

class PostgresConnection;
class Watchdog;

// Applies what is pending, each file in a transaction of its own, or, when it is concurrent, in
// none. One process at a time; the others wait for it, at most ten minutes. Throws as pending(), or
// when the database does; what was applied by then stays.
void migrate_postgres(const std::string& url, Watchdog& watchdog, const Migrations& migrations);

// Changes nothing: throws std::runtime_error when something is pending, and
// ForeignSchema as pending().
void check_migrated(PostgresConnection& connection, const Migrations& migrations);

} // namespace turngate::usage
