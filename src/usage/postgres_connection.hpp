#pragma once

#include "watchdog.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::usage {

// A row of a result; columns are taken from left to right, as from a SqliteStatement.
class PostgresRow
{
public:
    using Column = std::optional<std::string>;
    explicit PostgresRow(std::vector<Column> columns) : columns_(std::move(columns)) {}

    std::string take_text() { return columns_.at(taken_++).value_or(""); }
    std::int64_t take_int() { return take_maybe_int().value_or(0); }
    std::optional<std::int64_t> take_maybe_int();

private:
    std::vector<Column> columns_;
    std::size_t taken_ = 0;
};

// Values of $1, $2 …, all as text; nothing is NULL.
class PostgresValues
{
public:
    PostgresValues& give(std::string_view text);
    PostgresValues& give(std::int64_t value);
    PostgresValues& give(std::optional<std::int64_t> value);

    const std::vector<std::optional<std::string>>& all() const { return all_; }

private:
    std::vector<std::optional<std::string>> all_;
};

// One connection. Failures are std::runtime_error; RecordRefused when what was given is at fault,
// not the database. After any other failure the connection is good for nothing.
class PostgresConnection
{
public:
    // `url`: postgresql://… or key=value words. An operation that has no answer after `patience` is
    // cut off by the watchdog; 0: never.
    PostgresConnection(const std::string& url,
                       Watchdog& watchdog,
                       std::chrono::milliseconds patience);
    ~PostgresConnection();

    // One statement in a transaction of its own, prepared at its first use.
    std::vector<PostgresRow> ask(const std::string& sql, const PostgresValues& values = {});

    // Statements without values or results: all in one transaction, or one outside of any.
    void run_in_transaction(const std::string& sql);
    void run_alone(const std::string& sql);

    bool is_usable() const noexcept; // nothing failed so far, and the server has not hung up

private:
    struct Parts;
    template <class Operation>
    auto guarded(Operation&& operation);

    std::unique_ptr<Parts> parts_;
};

} // namespace turngate::usage
