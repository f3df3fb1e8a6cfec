#include "sql_moves.hpp"

#include <set>

namespace turngate::usage {
namespace {

void add_unmoved(SqlSession& session,
                 const SumColumn& column,
                 const std::set<std::string>& names,
                 std::vector<Sum>& sums)
{
    std::set<std::string> known;
    for (const Sum& sum : sums)
        known.insert(sum.name);
    for (const std::string& name : names) {
        if (name.empty() || known.contains(name))
            continue;
        if (auto sum = read_sum(session, column, name))
            sums.push_back(*std::move(sum));
    }
}

} // namespace

const SumColumn& of_users()
{
    static const SumColumn column{
        BalanceDifference::Of::user, "users", "spent_nano_usd", "user_name"};
    return column;
}

const SumColumn& of_keys()
{
    static const SumColumn column{BalanceDifference::Of::key, "keys", "used_nano_usd", "key_name"};
    return column;
}

Sum take_sum(SqlRow& row)
{
    Sum sum;
    sum.name = row.take_text();
    sum.spent.value = row.take_int();
    sum.revision = row.take_int();
    return sum;
}

// A sum that does not fit becomes a REAL in SQLite, which a STRICT table refuses.
std::optional<Sum> move_sum(SqlSession& session,
                            const SumColumn& column,
                            const std::string& name,
                            std::int64_t by)
{
    if (name.empty())
        return std::nullopt;
    const std::string& table = column.table;
    const std::string& sum = column.sum;
    auto rows =
        session.ask("INSERT INTO " + table + " (name, " + sum +
                        ", revision) VALUES ($1, $2, 1) ON CONFLICT (name) DO UPDATE SET " + sum +
                        " = " + table + "." + sum + " + excluded." + sum + ", revision = " + table +
                        ".revision + 1 RETURNING name, " + sum + ", revision",
                    SqlValues().give(name).give(by));
    return take_sum(rows.at(0));
}

std::optional<Sum> read_sum(SqlSession& session, const SumColumn& column, const std::string& name)
{
    auto rows = session.ask("SELECT name, " + column.sum + ", revision FROM " + column.table +
                                " WHERE name = $1",
                            SqlValues().give(name));
    return rows.empty() ? std::nullopt : std::optional(take_sum(rows[0]));
}

void add_unmoved(SqlSession& session, const std::vector<UsageRecord>& records, Settled& settled)
{
    std::set<std::string> users;
    std::set<std::string> keys;
    for (const UsageRecord& record : records) {
        users.insert(record.user);
        keys.insert(record.key);
    }
    add_unmoved(session, of_users(), users, settled.users);
    add_unmoved(session, of_keys(), keys, settled.keys);
}

std::vector<CountedLetter> take_letters(SqlSession& session, const std::string& response_uid)
{
    std::vector<CountedLetter> letters;
    for (SqlRow& row : session.ask("DELETE FROM dead_letters WHERE response_uid = $1 "
                                   "RETURNING user_name, key_name, counted_nano_usd",
                                   SqlValues().give(response_uid))) {
        CountedLetter& letter = letters.emplace_back();
        letter.user = row.take_text();
        letter.key = row.take_text();
        letter.counted = row.take_int();
    }
    return letters;
}

} // namespace turngate::usage
