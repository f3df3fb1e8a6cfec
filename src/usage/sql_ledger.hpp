#pragma once

#include "report_span.hpp"
#include "sql_session.hpp"
#include "turngate/usage/ledger.hpp"

#include <memory>

namespace turngate::usage {

// The Ledger, in the SQL that our databases have in common.
class SqlLedger final : public Ledger
{
public:
    explicit SqlLedger(std::unique_ptr<SqlSession> session) : session_(std::move(session)) {}

    void give_up_at(core::Deadline deadline) override { session_->give_up_at(deadline); }

    Settled settle(const std::vector<UsageRecord>& records) override;
    UsagePage list(const UsageQuery& query) override;
    std::vector<UsageSum> sums(const UsageQuery& query, GroupBy by) override;

    Settled bury(const UsageRecord& record, const std::string& reason) override;
    std::vector<DeadLetter> dead_letters(unsigned limit) override;
    RetriedLetter retry(const std::string& response_uid) override;
    std::int64_t dead_letter_count() override;
    std::vector<DoubleBill> billed_twice(unsigned limit) override;

    using Ledger::retire;
    std::size_t retire(core::Timestamp before, unsigned portion) override;
    std::optional<core::Timestamp> retired_before() override;

    std::vector<std::string> missing(const std::vector<std::string>& uids) override;
    std::vector<BalanceDifference> balance_differences() override;
    std::vector<BalanceDifference> mend_balances() override;

    Balances balances() override;
    Changes changes(std::int64_t since) override;
    std::optional<UserBalance> find_user(const std::string& name) override;
    void set_credit(const std::string& user,
                    std::optional<core::NanoUsd> credit,
                    const CreditReason& reason) override;
    core::NanoUsd add_credit(const std::string& user,
                             core::NanoUsd amount,
                             const CreditReason& reason) override;
    std::vector<CreditEntry> credit_book(const std::string& user, unsigned limit) override;

    bool create_key(const StoredKey& key) override;
    bool change_key(const std::string& name, const KeyChange& change) override;
    std::vector<StoredKey> keys() override;
    std::optional<StoredKey> find_key(const std::string& name) override;
    bool revoke_key(const std::string& name, core::Timestamp at) override;

private:
    void remember_retention(core::Timestamp before);
    Balances read_balances(const std::string& where, const SqlValues& since);
    std::vector<StoredKey> read_keys(const std::string& also, const SqlValues& since);
    void forget_empty_days();
    Span span_of_page(const UsageQuery& query, const Span& asked);
    void enter_credit(const CreditEntry& entry);

    std::unique_ptr<SqlSession> session_;
};

} // namespace turngate::usage
