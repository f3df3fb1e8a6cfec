#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/usage/record.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace turngate::usage {

enum class GroupBy : std::uint8_t { key, user, group, account, model, day };
std::optional<GroupBy> group_by(std::string_view name) noexcept;
std::string_view name_of(GroupBy by) noexcept;

// Filters of /api/v1/usage; empty or absent means all. request_type wins over the old boolean
// `stream`.
struct UsageQuery
{
    std::optional<core::Timestamp> since{}; // inclusive
    std::optional<core::Timestamp> until{}; // exclusive
    std::string key{};
    std::string user{};
    std::string account{};
    std::string model{}; // requested model
    std::optional<RequestType> request_type{};
    std::optional<bool> stream{};
    unsigned limit = 100; // 1 … 1000
    std::string cursor{}; // from the previous page; opaque
    // Of those settled later than this (settled_seq), the first to settle first.
    std::optional<std::int64_t> after{};
};

struct UsagePage
{
    std::vector<UsageRecord> records; // newest first; with `after`, in the order of settling
    std::string next_cursor; // empty: no more, or `after` goes on with the last settled_seq
};

struct UsageSum
{
    std::string name; // of the key, user, … or the day (2026-11-01)
    std::int64_t responses = 0;
    protocol::TokenUsage tokens;
    core::NanoUsd cost;
    core::NanoUsd account_cost;
};

// The database is well, but will not have what it was given: a record of the batch breaks a
// constraint or does not fit. Trying again is of no use.
class RecordRefused : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

// It took longer than whoever asked was going to wait.
class OutOfTime : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

// The database is there, but of another program: its schema is newer than this one, or has been
// changed. Neither trying again nor waiting is of any use.
class ForeignSchema : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

// Where bills end up. Implementations have one contract test suite. Not thread-safe: one for each
// thread that needs one. Every operation throws std::runtime_error when the database fails; the
// settler retries with backoff. A cursor that is none of ours is the client's mistake:
// std::invalid_argument.
class UsageRepository
{
public:
    virtual ~UsageRepository() = default;

    // One transaction; a response_uid that is there already is left alone. Returns how many were
    // new. Throws RecordRefused, and nothing is in, when the batch has a record that cannot be.
    virtual std::size_t insert(const std::vector<UsageRecord>& records) = 0;
    virtual UsagePage list(const UsageQuery& query) = 0;
    // The greatest cost first; days newest first. limit, cursor and after do not apply.
    virtual std::vector<UsageSum> sums(const UsageQuery& query, GroupBy by) = 0;
};

// How a database is opened.
enum class Opening : std::uint8_t {
    to_serve, // made when it is not there, and brought up to date
    to_write, // it must be there, and up to date
    to_read,  // as to_write, and nothing changes in it: a read replica will do
};

class Ledger;

// The database file: WAL, busy timeout. What is made is nobody else's to read (0600, directories
// 0700). Throws std::runtime_error. See ledger.hpp.
std::unique_ptr<Ledger> open_sqlite(const std::string& path, Opening opening = Opening::to_serve);

} // namespace turngate::usage
