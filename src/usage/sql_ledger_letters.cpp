// The part of the ledger that is bills which could not be taken.
#include "sql_ledger.hpp"

#include "bill_columns.hpp"
#include "sql_moves.hpp"
#include "turngate/core/bytes.hpp"

#include <algorithm>
#include <limits>

namespace turngate::usage {
namespace {

constexpr std::size_t kReasonBytes = 1024;
constexpr std::size_t kUidBytes = 256;

bool is_bill(SqlSession& session, const std::string& uid)
{
    return !session
                .ask("SELECT 1 FROM usage_records WHERE response_uid = $1", SqlValues().give(uid))
                .empty();
}

std::int64_t spent_by(SqlSession& session, const SumColumn& column, const std::string& name)
{
    const auto sum = read_sum(session, column, name);
    return sum ? sum->spent.value : 0;
}

// What no balance has room for nobody owes: the figure is what is wrong with the record. Counting a
// part of it would leave no room for the bills that follow.
std::int64_t that_fits(SqlSession& session, const CountedLetter& letter)
{
    const std::int64_t most = std::max({spent_by(session, of_users(), letter.user),
                                        spent_by(session, of_keys(), letter.key),
                                        std::int64_t{0}});
    const bool has_room = letter.counted <= std::numeric_limits<std::int64_t>::max() - most;
    return has_room ? letter.counted : 0;
}

// With what the interface does not show of a record, so that it comes back whole.
std::string letter_of(const UsageRecord& record)
{
    std::string json = core::clean_utf8(to_json(record), std::string::npos);
    json.pop_back();
    return json + ",\"web_searches\":" + std::to_string(record.tokens.web_searches) + "}";
}

// Known by what it is, not by its name: two bad records may have the same, and a name may be what
// is bad about it. False: it is there.
bool put_letter(SqlSession& session,
                const UsageRecord& record,
                const std::string& reason,
                const CountedLetter& letter)
{
    const std::string json = letter_of(record);
    return !session
                .ask("INSERT INTO dead_letters (sha256, response_uid, reason, record, refused_at, "
                     "user_name, key_name, counted_nano_usd) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (sha256) DO NOTHING "
                     "RETURNING sha256",
                     SqlValues()
                         .give(core::sha256(json).hex())
                         .give(core::clean_utf8(record.response_uid, kUidBytes))
                         .give(core::clean_utf8(reason, kReasonBytes))
                         .give(json)
                         .give(micros(core::wall_now()))
                         .give(letter.user)
                         .give(letter.key)
                         .give(letter.counted))
                .empty();
}

void move(SqlSession& session, const CountedLetter& letter, std::int64_t by, Settled& sums)
{
    if (auto user = move_sum(session, of_users(), letter.user, by))
        sums.users.push_back(*std::move(user));
    if (auto key = move_sum(session, of_keys(), letter.key, by))
        sums.keys.push_back(*std::move(key));
}

} // namespace

Settled SqlLedger::bury(const UsageRecord& record, const std::string& reason)
{
    try {
        Settled sums;
        session_->together([&] {
            CountedLetter letter{record.user, record.key, record.cost.value};
            letter.counted = that_fits(*session_, letter);
            if (!is_bill(*session_, record.response_uid) &&
                put_letter(*session_, record, reason, letter))
                move(*session_, letter, letter.counted, sums);
            add_unmoved(*session_, {record}, sums);
        });
        return sums;
    } catch (const RecordRefused&) { // by a name, or by those who keep the sums
        put_letter(*session_, record, reason, {});
        return {};
    }
}

std::int64_t SqlLedger::dead_letter_count()
{
    return session_->ask("SELECT count(*) FROM dead_letters").at(0).take_int();
}

std::vector<DeadLetter> SqlLedger::dead_letters(unsigned limit)
{
    std::vector<DeadLetter> letters;
    for (SqlRow& row : session_->ask("SELECT response_uid, reason, record, refused_at "
                                     "FROM dead_letters ORDER BY refused_at DESC, sha256 LIMIT $1",
                                     SqlValues().give(std::int64_t{limit}))) {
        DeadLetter& letter = letters.emplace_back();
        letter.response_uid = row.take_text();
        letter.reason = row.take_text();
        letter.record = row.take_text();
        letter.refused_at = from_micros(row.take_int());
    }
    return letters;
}

// The bill takes its letter's place when it settles. What is left after that are letters of a bill
// that was there already.
RetriedLetter SqlLedger::retry(const std::string& response_uid)
{
    using End = RetriedLetter::End;
    RetriedLetter retried;
    try {
        session_->together([&] {
            auto rows = session_->ask("SELECT record FROM dead_letters WHERE response_uid = $1",
                                      SqlValues().give(response_uid));
            for (SqlRow& row : rows) {
                const auto record = read_record(row.take_text());
                if (!record)
                    throw RecordRefused("the letter holds no record that can be read");
                session_->settle({*record});
                retried.end = End::settled;
            }
            Settled sums;
            for (const CountedLetter& left : take_letters(*session_, response_uid))
                move(*session_, left, -left.counted, sums);
        });
    } catch (const RecordRefused& refusal) {
        return {End::refused, refusal.what()};
    }
    return retried;
}

} // namespace turngate::usage
