#pragma once

#include "sql_session.hpp"
#include "turngate/core/clock.hpp"

#include "turngate/usage/repository.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace turngate::usage {

class SqliteStatement;

// A connection; failures are std::runtime_error("<path>: <SQLite's words>"), RecordRefused when a
// constraint or a type forbids what was given.
class SqliteDatabase
{
public:
    explicit SqliteDatabase(const std::string& path, Opening opening = Opening::to_serve);

    void run(const std::string& sql); // any number of statements, no results
    SqliteStatement prepare(std::string_view sql);
    std::size_t changes() const noexcept; // rows of the last statement

    // Statements end by then, with OutOfTime. It is read as they run: it outlives this.
    void give_up_at(const core::Deadline& deadline) noexcept;

private:
    friend class SqliteStatement;
    [[noreturn]] void fail() const;

    struct Close
    {
        void operator()(sqlite3* handle) const noexcept;
    };
    std::string path_;
    std::unique_ptr<sqlite3, Close> handle_;
};

// Parameters are given, and columns taken, from left to right. Lives no longer than its database.
class SqliteStatement
{
public:
    SqliteStatement& give(std::string_view text); // not copied: valid until the next reset()
    SqliteStatement& give(std::int64_t value);
    SqliteStatement& give(std::optional<std::int64_t> value);

    bool step(); // a row is there
    void reset();

    std::string take_text();
    std::int64_t take_int();
    std::optional<std::int64_t> take_maybe_int();
    SqlRow take_row(); // whole

private:
    friend class SqliteDatabase;
    SqliteStatement(const SqliteDatabase& database, sqlite3_stmt* statement);
    void check(int code) const;

    struct Finalize
    {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    const SqliteDatabase* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int given_ = 0;
    int taken_ = 0;
};

// Rolled back unless committed. IMMEDIATE: it waits for other writers at its start, never deadlocks
// in its middle.
class SqliteTransaction
{
public:
    explicit SqliteTransaction(SqliteDatabase& database);
    ~SqliteTransaction();
    SqliteTransaction(const SqliteTransaction&) = delete;
    SqliteTransaction& operator=(const SqliteTransaction&) = delete;

    void commit();

private:
    SqliteDatabase& database_;
    bool is_open_ = true;
};

} // namespace turngate::usage
