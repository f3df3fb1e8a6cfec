#include "sqlite_database.hpp"

#include "private_files.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace turngate::usage {
namespace {

constexpr int kBusyMilliseconds = 5'000;
constexpr int kStepsBetweenLooks = 10'000; // of SQLite's machine: some tenths of a millisecond

// SQLite gives the files that it makes beside the database the mode of this one.
void make_if_absent(const std::string& path)
{
    make_private_directory(std::filesystem::path(path).parent_path().string());
    if (!std::filesystem::exists(path))
        make_private_file(path);
}

void want(const std::string& path)
{
    if (!std::filesystem::exists(path))
        throw std::runtime_error(
            path + ": there is no database here; `turngate serve` and `turngate migrate` make one");
}

} // namespace

SqliteDatabase::SqliteDatabase(const std::string& path, Opening opening) : path_(path)
{
    if (opening == Opening::to_serve)
        make_if_absent(path);
    else
        want(path);
    sqlite3* handle = nullptr;
    const int access = opening == Opening::to_read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    const int code = sqlite3_open_v2(path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(handle); // to be closed even when opening failed
    if (code != SQLITE_OK)
        fail();
    sqlite3_busy_timeout(handle, kBusyMilliseconds);
}

void SqliteDatabase::Close::operator()(sqlite3* handle) const noexcept
{
    sqlite3_close_v2(handle);
}

void SqliteDatabase::fail() const
{
    const std::string what = path_ + ": " + sqlite3_errmsg(handle_.get());
    const int code = sqlite3_errcode(handle_.get()) & 0xff; // without what extends it
    if (code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_TOOBIG)
        throw RecordRefused(what);
    if (code == SQLITE_INTERRUPT)
        throw OutOfTime(what);
    throw std::runtime_error(what);
}

void SqliteDatabase::give_up_at(const core::Deadline& deadline) noexcept
{
    const auto is_over = [](void* until) {
        return core::Clock::now() < *static_cast<const core::Deadline*>(until) ? 0 : 1;
    };
    sqlite3_progress_handler(
        handle_.get(), kStepsBetweenLooks, is_over, const_cast<core::Deadline*>(&deadline));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - core::Clock::now());
    sqlite3_busy_timeout(
        handle_.get(),
        static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, kBusyMilliseconds)));
}

void SqliteDatabase::run(const std::string& sql)
{
    if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        fail();
}

SqliteStatement SqliteDatabase::prepare(std::string_view sql)
{
    sqlite3_stmt* statement = nullptr;
    const int size = static_cast<int>(sql.size());
    if (sqlite3_prepare_v2(handle_.get(), sql.data(), size, &statement, nullptr) != SQLITE_OK)
        fail();
    return {*this, statement};
}

std::size_t SqliteDatabase::changes() const noexcept
{
    return static_cast<std::size_t>(sqlite3_changes64(handle_.get()));
}

SqliteStatement::SqliteStatement(const SqliteDatabase& database, sqlite3_stmt* statement)
    : database_(&database), statement_(statement)
{
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const noexcept
{
    sqlite3_finalize(statement);
}

void SqliteStatement::check(int code) const
{
    if (code != SQLITE_OK)
        database_->fail();
}

SqliteStatement& SqliteStatement::give(std::string_view text)
{
    const char* bytes = text.data() ? text.data() : ""; // a null pointer would be NULL
    check(sqlite3_bind_text64(
        statement_.get(), ++given_, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8));
    return *this;
}

SqliteStatement& SqliteStatement::give(std::int64_t value)
{
    check(sqlite3_bind_int64(statement_.get(), ++given_, value));
    return *this;
}

SqliteStatement& SqliteStatement::give(std::optional<std::int64_t> value)
{
    if (value)
        return give(*value);
    check(sqlite3_bind_null(statement_.get(), ++given_));
    return *this;
}

bool SqliteStatement::step()
{
    taken_ = 0;
    const int code = sqlite3_step(statement_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        database_->fail();
    return code == SQLITE_ROW;
}

void SqliteStatement::reset()
{
    given_ = 0;
    sqlite3_reset(statement_.get()); // its error is the one step() threw already
}

std::string SqliteStatement::take_text()
{
    const auto* text = sqlite3_column_text(statement_.get(), taken_);
    const int size = sqlite3_column_bytes(statement_.get(), taken_++);
    if (!text)
        return {};
    return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

std::int64_t SqliteStatement::take_int()
{
    return sqlite3_column_int64(statement_.get(), taken_++);
}

std::optional<std::int64_t> SqliteStatement::take_maybe_int()
{
    if (sqlite3_column_type(statement_.get(), taken_) != SQLITE_NULL)
        return take_int();
    ++taken_;
    return std::nullopt;
}

SqlRow SqliteStatement::take_row()
{
    const int count = sqlite3_column_count(statement_.get());
    std::vector<SqlRow::Column> columns;
    columns.reserve(static_cast<std::size_t>(count));
    for (int column = 0; column < count; ++column) {
        const bool is_null = sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
        std::string text = take_text();
        columns.push_back(is_null ? SqlRow::Column() : std::move(text));
    }
    return SqlRow(std::move(columns));
}

SqliteTransaction::SqliteTransaction(SqliteDatabase& database) : database_(database)
{
    database_.run("BEGIN IMMEDIATE");
}

SqliteTransaction::~SqliteTransaction()
{
    try {
        if (is_open_)
            database_.run("ROLLBACK");
    } catch (const std::runtime_error&) { // SQLite has rolled back by itself (disk full, I/O error)
    }
}

void SqliteTransaction::commit()
{
    database_.run("COMMIT");
    is_open_ = false;
}

} // namespace turngate::usage
