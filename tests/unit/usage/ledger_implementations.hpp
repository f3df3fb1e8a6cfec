#pragma once

#include "postgres_server.hpp"
#include "sqlite_database.hpp"
#include "temp_dir.hpp"
#include "turngate/usage/ledger.hpp"
#include "turngate/usage/postgres.hpp"

#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

namespace turngate::usage {

// What the contract suites run on. A new implementation adds one line at the end.
struct Implementation
{
    const char* name;
    std::function<std::unique_ptr<Ledger>(const TempDir&)>
        open; // twice on one directory: the same data
    std::function<void(const TempDir&, const std::string& sql)>
        run; // behind the ledger's back, which was open once
};

inline void PrintTo(const Implementation& implementation, std::ostream* out)
{
    *out << implementation.name;
}

inline std::string schema_of(const TempDir& dir)
{
    const std::size_t number = std::hash<std::string>()(dir.path());
    return postgres_server().schema("contract_" + std::to_string(number));
}

inline void run_on_postgres(const TempDir& dir, const std::string& sql)
{
    pqxx::connection connection(schema_of(dir));
    pqxx::work work(connection);
    work.exec(sql);
    work.commit();
}

inline auto ledger_implementations()
{
    return testing::Values(
        Implementation{"Sqlite",
                       [](const TempDir& dir) { return open_sqlite(dir / "data/usage.db"); },
                       [](const TempDir& dir, const std::string& sql) {
                           SqliteDatabase(dir / "data/usage.db").run(sql);
                       }},
        Implementation{
            "Postgres",
            [](const TempDir& dir) { return PostgresDatabase({.url = schema_of(dir)}).open(); },
            run_on_postgres});
}

inline std::string name_of_implementation(const testing::TestParamInfo<Implementation>& info)
{
    return info.param.name;
}

} // namespace turngate::usage
