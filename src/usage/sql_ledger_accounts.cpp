// The part of the ledger that is not bills: dead letters, balances, keys.
#include "sql_ledger.hpp"

#include "bill_columns.hpp"
#include "turngate/core/bytes.hpp"

#include <algorithm>

namespace turngate::usage {
namespace {

constexpr std::string_view kUsersSql =
    "SELECT name, credit_nano_usd, spent_nano_usd, revision FROM users";
constexpr std::string_view kKeysSql =
    "SELECT name, sha256, user_name, group_name, quota_nano_usd, rpm, tpm, expires_at, revoked_at, "
    "created_at, used_nano_usd FROM keys WHERE sha256 IS NOT NULL";

constexpr std::size_t kReasonBytes = 1024;
constexpr std::size_t kUidBytes = 256;

std::optional<std::int64_t> number(const std::optional<core::NanoUsd>& amount)
{
    return amount ? std::optional(amount->value) : std::nullopt;
}

std::optional<std::int64_t> number(const std::optional<core::Timestamp>& at)
{
    return at ? std::optional(micros(*at)) : std::nullopt;
}

std::optional<core::NanoUsd> take_amount(SqlRow& row)
{
    const auto value = row.take_maybe_int();
    return value ? std::optional(core::NanoUsd{*value}) : std::nullopt;
}

std::optional<core::Timestamp> take_time(SqlRow& row)
{
    const auto us = row.take_maybe_int();
    return us ? std::optional(from_micros(*us)) : std::nullopt;
}

core::Digest digest_of(const std::string& hex)
{
    core::Digest digest;
    if (const auto bytes = core::from_hex(hex); bytes && bytes->size() == digest.bytes.size())
        std::ranges::copy(*bytes, reinterpret_cast<char*>(digest.bytes.data()));
    return digest;
}

StoredKey take_key(SqlRow& row)
{
    StoredKey key;
    key.name = row.take_text();
    key.digest = digest_of(row.take_text());
    key.user = row.take_text();
    key.group = row.take_text();
    key.quota = take_amount(row);
    key.rpm = row.take_int();
    key.tpm = row.take_int();
    key.expires = take_time(row);
    key.revoked = take_time(row);
    key.created = from_micros(row.take_int());
    key.used.value = row.take_int();
    return key;
}

UserBalance take_user(SqlRow& row)
{
    UserBalance user;
    user.user = row.take_text();
    user.credit = take_amount(row);
    user.spent.value = row.take_int();
    user.revision = row.take_int();
    return user;
}

} // namespace

// Known by what it is, not by its name: two bad records may have the same, and a name may be what
// is bad about it.
void SqlLedger::bury(const UsageRecord& record, const std::string& reason)
{
    const std::string json = core::clean_utf8(to_json(record), std::string::npos);
    session_->ask("INSERT INTO dead_letters (sha256, response_uid, reason, record, refused_at) "
                  "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (sha256) DO NOTHING",
                  SqlValues()
                      .give(core::sha256(json).hex())
                      .give(core::clean_utf8(record.response_uid, kUidBytes))
                      .give(core::clean_utf8(reason, kReasonBytes))
                      .give(json)
                      .give(micros(core::wall_now())));
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

std::int64_t SqlLedger::dead_letter_count()
{
    return session_->ask("SELECT count(*) FROM dead_letters").at(0).take_int();
}

Balances SqlLedger::balances()
{
    Balances balances;
    for (SqlRow& row : session_->ask(std::string(kUsersSql) + " ORDER BY name"))
        balances.users.push_back(take_user(row));
    for (SqlRow& row : session_->ask(
             "SELECT name, quota_nano_usd, used_nano_usd, revision FROM keys ORDER BY name")) {
        KeyBalance& key = balances.keys.emplace_back();
        key.key = row.take_text();
        key.quota = take_amount(row);
        key.used.value = row.take_int();
        key.revision = row.take_int();
    }
    return balances;
}

std::optional<UserBalance> SqlLedger::find_user(const std::string& name)
{
    auto rows = session_->ask(std::string(kUsersSql) + " WHERE name = $1", SqlValues().give(name));
    return rows.empty() ? std::nullopt : std::optional(take_user(rows[0]));
}

bool SqlLedger::create_key(const StoredKey& key)
{
    try {
        return !session_
                    ->ask("INSERT INTO keys (name, used_nano_usd, sha256, user_name, group_name, "
                          "quota_nano_usd, rpm, tpm, expires_at, created_at) "
                          "VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8, $9) "
                          "ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, "
                          "user_name = excluded.user_name, group_name = excluded.group_name, "
                          "quota_nano_usd = excluded.quota_nano_usd, rpm = excluded.rpm, "
                          "tpm = excluded.tpm, expires_at = excluded.expires_at, "
                          "created_at = excluded.created_at, revoked_at = NULL "
                          "WHERE keys.sha256 IS NULL OR keys.revoked_at IS NOT NULL "
                          "RETURNING name",
                          SqlValues()
                              .give(key.name)
                              .give(key.digest.hex())
                              .give(key.user)
                              .give(key.group)
                              .give(number(key.quota))
                              .give(key.rpm)
                              .give(key.tpm)
                              .give(number(key.expires))
                              .give(micros(key.created)))
                    .empty();
    } catch (const RecordRefused&) { // the secret is another key's
        return false;
    }
}

std::vector<StoredKey> SqlLedger::keys()
{
    std::vector<StoredKey> keys;
    for (SqlRow& row : session_->ask(std::string(kKeysSql) + " ORDER BY name"))
        keys.push_back(take_key(row));
    return keys;
}

std::optional<StoredKey> SqlLedger::find_key(const std::string& name)
{
    auto rows = session_->ask(std::string(kKeysSql) + " AND name = $1", SqlValues().give(name));
    return rows.empty() ? std::nullopt : std::optional(take_key(rows[0]));
}

bool SqlLedger::change_key(const std::string& name, const KeyChange& change)
{
    std::string sets;
    SqlValues values;
    const auto set = [&](const char* column, std::optional<std::int64_t> value) {
        values.give(value);
        sets += (sets.empty() ? "" : ", ") + std::string(column) + " = $" +
                std::to_string(values.all().size());
    };
    if (change.quota)
        set("quota_nano_usd", number(*change.quota));
    if (change.rpm)
        set("rpm", *change.rpm);
    if (change.tpm)
        set("tpm", *change.tpm);
    if (change.expires)
        set("expires_at", number(*change.expires));
    if (sets.empty())
        sets = "name = name"; // is there such a key?
    values.give(name);
    return !session_
                ->ask("UPDATE keys SET " + sets + " WHERE name = $" +
                          std::to_string(values.all().size()) +
                          " AND sha256 IS NOT NULL AND revoked_at IS NULL RETURNING name",
                      values)
                .empty();
}

bool SqlLedger::revoke_key(const std::string& name, core::Timestamp at)
{
    return !session_
                ->ask("UPDATE keys SET revoked_at = $1 "
                      "WHERE name = $2 AND sha256 IS NOT NULL AND revoked_at IS NULL "
                      "RETURNING name",
                      SqlValues().give(micros(at)).give(name))
                .empty();
}

} // namespace turngate::usage
