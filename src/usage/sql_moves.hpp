#pragma once

#include "sql_session.hpp"

namespace turngate::usage {

// A table that has sums of bills, of users or of keys.
struct SumColumn
{
    BalanceDifference::Of of;
    std::string table;
    std::string sum;
    std::string owner; // in usage_records and dead_letters
};

const SumColumn& of_users();
const SumColumn& of_keys();

// name, sum, revision.
Sum take_sum(SqlRow& row);

// Adds to a name's sum. Throws RecordRefused where it does not fit.
std::optional<Sum> move_sum(SqlSession& session,
                            const SumColumn& column,
                            const std::string& name,
                            std::int64_t by);
std::optional<Sum> read_sum(SqlSession& session, const SumColumn& column, const std::string& name);

// Of each user and key that the records name and `settled` does not have.
void add_unmoved(SqlSession& session, const std::vector<UsageRecord>& records, Settled& settled);

struct CountedLetter
{
    std::string user;
    std::string key;
    std::int64_t counted = 0;
};

// Deletes the letters of that uid. What they count is still in the sums.
std::vector<CountedLetter> take_letters(SqlSession& session, const std::string& response_uid);

} // namespace turngate::usage
