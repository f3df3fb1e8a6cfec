// Keys, users and dead letters for people and for programs.
#include "turngate/usage/report.hpp"

#include "table.hpp"

#include <nlohmann/json.hpp>

namespace turngate::usage {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<core::Timestamp>& at)
{
    return at ? Json(core::to_rfc3339(*at)) : Json(nullptr);
}

Json json_of(const std::optional<core::NanoUsd>& amount)
{
    return amount ? Json(amount->value) : Json(nullptr);
}

Json json_of(const StoredKey& key)
{
    return {
        {"name", key.name},
        {"user", key.user},
        {"group", key.group},
        {"quota_nano_usd", json_of(key.quota)},
        {"used_nano_usd", key.used.value},
        {"rpm", key.rpm},
        {"tpm", key.tpm},
        {"created_at", core::to_rfc3339(key.created)},
        {"expires_at", json_of(key.expires)},
        {"revoked_at", json_of(key.revoked)},
    };
}

std::optional<core::NanoUsd> left_of(const UserBalance& user)
{
    return user.credit ? std::optional(*user.credit - user.spent) : std::nullopt;
}

Json json_of(const UserBalance& user)
{
    return {
        {"user", user.user},
        {"credit_nano_usd", json_of(user.credit)},
        {"spent_nano_usd", user.spent.value},
        {"balance_nano_usd", json_of(left_of(user))},
    };
}

Json json_of(const CreditEntry& entry)
{
    return {
        {"made_at", core::to_rfc3339(entry.made)},
        {"added_nano_usd", json_of(entry.added)},
        {"credit_nano_usd", json_of(entry.credit)},
        {"by", entry.reason.by},
        {"note", entry.reason.note},
    };
}

Json json_of(const DeadLetter& letter)
{
    Json record = Json::parse(letter.record, nullptr, false);
    return {
        {"response_uid", letter.response_uid},
        {"reason", letter.reason},
        {"refused_at", core::to_rfc3339(letter.refused_at)},
        {"record", record.is_discarded() ? Json(letter.record) : std::move(record)},
    };
}

std::string text_of(const Json& json)
{
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Item>
std::string text_of(const std::vector<Item>& items)
{
    Json data = Json::array();
    for (const Item& item : items)
        data.push_back(json_of(item));
    return text_of(Json{{"data", std::move(data)}});
}

std::string amount(const std::optional<core::NanoUsd>& value)
{
    return value ? dollars(*value) : "-";
}

std::string number(std::int64_t value)
{
    return value != 0 ? std::to_string(value) : "-";
}

std::string time_of(core::Timestamp at)
{
    return core::to_rfc3339(at).substr(0, 19) + "Z";
}

std::string state_of(const StoredKey& key)
{
    if (key.revoked)
        return "revoked";
    return key.expires && *key.expires <= core::wall_now() ? "expired" : "live";
}

} // namespace

std::string to_json(const StoredKey& key)
{
    return text_of(json_of(key));
}

std::string to_json(const std::vector<StoredKey>& keys)
{
    return text_of(keys);
}

void print(std::ostream& out, const std::vector<StoredKey>& keys)
{
    Table table({"key", "user", "group", "state", "used USD", "quota USD", "rpm", "tpm"}, 4);
    core::NanoUsd used;
    for (const StoredKey& key : keys) {
        table.add({key.name,
                   key.user,
                   key.group,
                   state_of(key),
                   dollars(key.used),
                   amount(key.quota),
                   number(key.rpm),
                   number(key.tpm)});
        used += key.used;
    }
    table.add({"total", "", "", "", dollars(used), "", "", ""});
    table.print(out);
}

std::string to_json(const UserBalance& user)
{
    return text_of(json_of(user));
}

std::string to_json(const std::vector<UserBalance>& users)
{
    return text_of(users);
}

std::string to_json(const UserBalance& user, const std::vector<CreditEntry>& book)
{
    Json json = json_of(user);
    json["book"] = Json::array();
    for (const CreditEntry& entry : book)
        json["book"].push_back(json_of(entry));
    return text_of(json);
}

void print(std::ostream& out, const std::vector<UserBalance>& users)
{
    Table table({"user", "credit USD", "spent USD", "balance USD"}, 1);
    core::NanoUsd spent;
    for (const UserBalance& user : users) {
        table.add({user.user, amount(user.credit), dollars(user.spent), amount(left_of(user))});
        spent += user.spent;
    }
    table.add({"total", "", dollars(spent), ""});
    table.print(out);
}

void print(std::ostream& out, const std::vector<CreditEntry>& book)
{
    Table table({"made", "by", "note", "added USD", "credit USD"}, 3);
    for (const CreditEntry& entry : book)
        table.add({time_of(entry.made),
                   entry.reason.by,
                   entry.reason.note,
                   entry.added ? dollars(*entry.added) : "set",
                   amount(entry.credit)});
    table.add({"total", "", std::to_string(book.size()) + " entries", "", ""});
    table.print(out);
}

std::string to_json(const std::vector<DeadLetter>& letters)
{
    return text_of(letters);
}

void print(std::ostream& out, const std::vector<DeadLetter>& letters)
{
    Table table({"refused", "response", "reason"}, 3);
    for (const DeadLetter& letter : letters)
        table.add({time_of(letter.refused_at), letter.response_uid, letter.reason});
    table.add({"total", std::to_string(letters.size()) + " letters", ""});
    table.print(out);
}

} // namespace turngate::usage
