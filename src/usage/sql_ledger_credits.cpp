// The part of the ledger that is what users paid in: what it comes to, and its book.
#include "sql_ledger.hpp"

#include "bill_columns.hpp"
#include "turngate/core/bytes.hpp"

namespace turngate::usage {
namespace {

constexpr std::size_t kReasonBytes = 1024;

std::optional<std::int64_t> number(const std::optional<core::NanoUsd>& amount)
{
    return amount ? std::optional(amount->value) : std::nullopt;
}

std::optional<core::NanoUsd> take_amount(SqlRow& row)
{
    const auto value = row.take_maybe_int();
    return value ? std::optional(core::NanoUsd{*value}) : std::nullopt;
}

} // namespace

void SqlLedger::set_credit(const std::string& user,
                           std::optional<core::NanoUsd> credit,
                           const CreditReason& reason)
{
    session_->together([&] {
        session_->ask("INSERT INTO users (name, credit_nano_usd, spent_nano_usd) "
                      "VALUES ($1, $2, 0) ON CONFLICT (name) DO UPDATE "
                      "SET credit_nano_usd = excluded.credit_nano_usd",
                      SqlValues().give(user).give(number(credit)));
        enter_credit({user, std::nullopt, credit, reason, core::wall_now()});
    });
}

core::NanoUsd SqlLedger::add_credit(const std::string& user,
                                    core::NanoUsd amount,
                                    const CreditReason& reason)
{
    core::NanoUsd credit;
    session_->together([&] {
        auto rows = session_->ask(
            "INSERT INTO users (name, credit_nano_usd, spent_nano_usd) VALUES ($1, $2, 0) "
            "ON CONFLICT (name) DO UPDATE SET credit_nano_usd = "
            "coalesce(users.credit_nano_usd, 0) + excluded.credit_nano_usd "
            "RETURNING credit_nano_usd",
            SqlValues().give(user).give(amount.value));
        credit.value = rows.at(0).take_int();
        enter_credit({user, amount, credit, reason, core::wall_now()});
    });
    return credit;
}

void SqlLedger::enter_credit(const CreditEntry& entry)
{
    session_->ask("INSERT INTO credits "
                  "(user_name, added_nano_usd, credit_nano_usd, by_whom, note, made_at) "
                  "VALUES ($1, $2, $3, $4, $5, $6)",
                  SqlValues()
                      .give(entry.user)
                      .give(number(entry.added))
                      .give(number(entry.credit))
                      .give(core::clean_utf8(entry.reason.by, kReasonBytes))
                      .give(core::clean_utf8(entry.reason.note, kReasonBytes))
                      .give(micros(entry.made)));
}

std::vector<CreditEntry> SqlLedger::credit_book(const std::string& user, unsigned limit)
{
    std::vector<CreditEntry> book;
    for (SqlRow& row :
         session_->ask("SELECT user_name, added_nano_usd, credit_nano_usd, by_whom, note, made_at "
                       "FROM credits WHERE user_name = $1 ORDER BY number DESC LIMIT $2",
                       SqlValues().give(user).give(std::int64_t{limit}))) {
        CreditEntry& entry = book.emplace_back();
        entry.user = row.take_text();
        entry.added = take_amount(row);
        entry.credit = take_amount(row);
        entry.reason.by = row.take_text();
        entry.reason.note = row.take_text();
        entry.made = from_micros(row.take_int());
    }
    return book;
}

} // namespace turngate::usage
