// The part of the ledger that is not bills: balances, keys.
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

// All rows, or those of changed_since().
Balances SqlLedger::read_balances(const std::string& where, const SqlValues& since)
{
    Balances balances;
    for (SqlRow& row : session_->ask(std::string(kUsersSql) + where + " ORDER BY name", since))
        balances.users.push_back(take_user(row));
    for (SqlRow& row :
         session_->ask("SELECT name, quota_nano_usd, used_nano_usd, revision FROM keys" + where +
                           " ORDER BY name",
                       since)) {
        KeyBalance& key = balances.keys.emplace_back();
        key.key = row.take_text();
        key.quota = take_amount(row);
        key.used.value = row.take_int();
        key.revision = row.take_int();
    }
    return balances;
}

Balances SqlLedger::balances()
{
    return read_balances({}, {});
}

// The mark first: what changes meanwhile is read again.
Changes SqlLedger::changes(std::int64_t since)
{
    Changes changes;
    changes.until = session_->change_mark();
    const std::string condition = since == 0 ? "" : std::string(session_->changed_since());
    const SqlValues values = since == 0 ? SqlValues() : SqlValues().give(since);
    Balances balances = read_balances(since == 0 ? "" : " WHERE " + condition, values);
    changes.users = std::move(balances.users);
    changes.keys = std::move(balances.keys);
    changes.stored_keys = read_keys(since == 0 ? "" : " AND " + condition, values);
    changes.dead_letters = static_cast<std::size_t>(dead_letter_count());
    return changes;
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
    return read_keys({}, {});
}

std::vector<StoredKey> SqlLedger::read_keys(const std::string& also, const SqlValues& since)
{
    std::vector<StoredKey> keys;
    for (SqlRow& row : session_->ask(std::string(kKeysSql) + also + " ORDER BY name", since))
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
