#pragma once

#include "turngate/usage/ledger.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace turngate::usage {

// A row of a result: columns as text, taken from left to right.
class SqlRow
{
public:
    using Column = std::optional<std::string>; // nothing: NULL
    explicit SqlRow(std::vector<Column> columns) : columns_(std::move(columns)) {}

    std::string take_text();
    std::int64_t take_int();
    std::optional<std::int64_t> take_maybe_int();

private:
    std::vector<Column> columns_;
    std::size_t taken_ = 0;
};

// The values of $1, $2 …, in this order.
class SqlValues
{
public:
    using Value = std::variant<std::monostate, std::int64_t, std::string>;

    SqlValues& give(std::string_view text);
    SqlValues& give(std::int64_t value);
    SqlValues& give(std::optional<std::int64_t> value);

    const std::vector<Value>& all() const { return all_; }

private:
    std::vector<Value> all_;
};

// A connection to a database that has our tables. SQLite and Postgres understand the same
// statements, as long as $1, $2 … appear in this order; what they do not have in common is here.
// Throws std::runtime_error; RecordRefused when the values are at fault and the database is well.
class SqlSession
{
public:
    virtual ~SqlSession() = default;

    virtual void give_up_at(core::Deadline deadline) = 0; // as Ledger's

    // One statement, which takes effect whole or not at all.
    virtual std::vector<SqlRow> ask(const std::string& sql, const SqlValues& values = {}) = 0;

    // What `work` asks and settles takes effect whole or, when it throws, not at all.
    virtual void together(const std::function<void()>& work) = 0;
    // The same, and no bill comes or goes meanwhile.
    virtual void alone(const std::function<void()>& work) = 0;

    // As Ledger::settle; moves users.spent_nano_usd and keys.used_nano_usd, each with its row's
    // revision.
    virtual Settled settle(const std::vector<UsageRecord>& records) = 0;

    // Where a reading of users and keys begins: what changes after it is found by changed_since(),
    // a condition on their rows with that number as $1. Never 0.
    virtual std::int64_t change_mark() = 0;
    virtual std::string_view changed_since() const = 0;

    // Behind a SELECT within a DELETE: what others have locked just now is left out, so that
    // nobody waits in a circle. Empty: there is one writer at a time.
    virtual std::string_view but_locked() const = 0;

    // One transaction: deletes at most `portion` bills with from <= started_at < before, the oldest
    // first; adds what they cost to users.retired_nano_usd and keys.retired_nano_usd.
    struct Retired
    {
        std::size_t count = 0;
        std::int64_t newest = 0; // started_at of the last of them
    };
    virtual Retired retire(std::int64_t from, std::int64_t before, std::int64_t portion) = 0;
};

} // namespace turngate::usage
