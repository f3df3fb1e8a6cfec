#include "turngate/usage/settler.hpp"

#include "sample_record.hpp"
#include "temp_dir.hpp"

#include <gtest/gtest.h>

#include <future>
#include <limits>
#include <stdexcept>

namespace turngate::usage {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

UsageRecord numbered(int number)
{
    return sample_record("uid-" + std::to_string(number));
}

// Fails as often as told, before or after the rows are in; then it is SQLite.
struct Faults
{
    int before_insert = 0;
    int after_insert = 0;
};

// Everything as the one inside does it.
class ForwardingLedger : public Ledger
{
public:
    explicit ForwardingLedger(const std::string& path) : inner_(open_sqlite(path)) {}

    Settled settle(const std::vector<UsageRecord>& records) override
    {
        return inner_->settle(records);
    }
    UsagePage list(const UsageQuery& query) override { return inner_->list(query); }
    std::vector<UsageSum> sums(const UsageQuery& query, GroupBy by) override
    {
        return inner_->sums(query, by);
    }
    Settled bury(const UsageRecord& record, const std::string& reason) override
    {
        return inner_->bury(record, reason);
    }
    RetriedLetter retry(const std::string& uid) override { return inner_->retry(uid); }
    std::vector<DeadLetter> dead_letters(unsigned limit) override
    {
        return inner_->dead_letters(limit);
    }
    std::int64_t dead_letter_count() override { return inner_->dead_letter_count(); }
    std::vector<DoubleBill> billed_twice(unsigned limit) override
    {
        return inner_->billed_twice(limit);
    }
    std::size_t retire(core::Timestamp before, unsigned portion) override
    {
        return inner_->retire(before, portion);
    }
    std::optional<core::Timestamp> retired_before() override { return inner_->retired_before(); }
    std::vector<std::string> missing(const std::vector<std::string>& uids) override
    {
        return inner_->missing(uids);
    }
    std::vector<BalanceDifference> balance_differences() override
    {
        return inner_->balance_differences();
    }
    std::vector<BalanceDifference> mend_balances() override { return inner_->mend_balances(); }
    Balances balances() override { return inner_->balances(); }
    Changes changes(std::int64_t since) override { return inner_->changes(since); }
    std::optional<UserBalance> find_user(const std::string& name) override
    {
        return inner_->find_user(name);
    }
    std::optional<StoredKey> find_key(const std::string& name) override
    {
        return inner_->find_key(name);
    }
    void set_credit(const std::string& user,
                    std::optional<core::NanoUsd> credit,
                    const CreditReason& reason) override
    {
        inner_->set_credit(user, credit, reason);
    }
    core::NanoUsd add_credit(const std::string& user,
                             core::NanoUsd amount,
                             const CreditReason& reason) override
    {
        return inner_->add_credit(user, amount, reason);
    }
    std::vector<CreditEntry> credit_book(const std::string& user, unsigned limit) override
    {
        return inner_->credit_book(user, limit);
    }
    bool create_key(const StoredKey& key) override { return inner_->create_key(key); }
    bool change_key(const std::string& name, const KeyChange& change) override
    {
        return inner_->change_key(name, change);
    }
    std::vector<StoredKey> keys() override { return inner_->keys(); }
    bool revoke_key(const std::string& name, core::Timestamp at) override
    {
        return inner_->revoke_key(name, at);
    }

private:
    std::unique_ptr<Ledger> inner_;
};

class FailingLedger final : public ForwardingLedger
{
public:
    FailingLedger(const std::string& path, Faults& faults) : ForwardingLedger(path), faults_(faults)
    {
    }

    Settled settle(const std::vector<UsageRecord>& records) override
    {
        if (faults_.before_insert-- > 0)
            throw std::runtime_error("the database is gone");
        Settled settled = ForwardingLedger::settle(records);
        if (faults_.after_insert-- > 0)
            throw std::runtime_error("the answer to the commit was lost");
        return settled;
    }

private:
    Faults& faults_;
};

class SettlerTest : public testing::Test
{
protected:
    std::size_t rows() { return open_sqlite(path_)->list({.limit = 1000}).records.size(); }
    double counter(const std::string& name, const std::string& help)
    {
        return metrics_.counter(name, help).value();
    }
    double settled()
    {
        return counter("turngate_usage_settled_total", "Usage records put into the repository");
    }
    double failures()
    {
        return counter("turngate_usage_settle_failures_total",
                       "Attempts to settle usage records that failed");
    }

    TempDir dir_;
    std::string path_ = dir_ / "usage.db";
    JournalDirectory journal_{{.dir = dir_ / "journal"}};
    telemetry::Metrics metrics_;
    Settler::OpenRepository sqlite_ = [this] { return open_sqlite(path_); };
};

TEST_F(SettlerTest, CarriesWhatWasAppended)
{
    Settler settler(journal_, milliseconds(5), sqlite_, metrics_);
    Journal& writer = journal_.writer(0);
    for (int i = 0; i < 700; ++i) // more than one batch
        ASSERT_TRUE(writer.append(numbered(i)));
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_TRUE(settler.repository_is_healthy());
    EXPECT_EQ(rows(), 700u);
    EXPECT_EQ(journal_.lag_bytes(), 0u);
    EXPECT_EQ(settled(), 700);
    EXPECT_EQ(failures(), 0);
}

TEST_F(SettlerTest, HasNothingToDoForAnEmptyJournal)
{
    Settler settler(journal_, milliseconds(5), sqlite_, metrics_);
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(settled(), 0);
}

TEST_F(SettlerTest, WakesByItselfToo)
{
    std::promise<void> inserted;
    class Telling final : public ForwardingLedger
    {
    public:
        Telling(const std::string& path, std::promise<void>& told)
            : ForwardingLedger(path), told_(told)
        {
        }
        Settled settle(const std::vector<UsageRecord>& records) override
        {
            told_.set_value();
            return {.count = records.size(), .users = {}, .keys = {}};
        }

    private:
        std::promise<void>& told_;
    };
    Settler settler(
        journal_,
        milliseconds(1),
        [&] { return std::make_unique<Telling>(path_, inserted); },
        metrics_);
    ASSERT_TRUE(journal_.writer(0).append(numbered(0)));
    EXPECT_EQ(inserted.get_future().wait_for(seconds(30)), std::future_status::ready);
}

TEST_F(SettlerTest, GetsOverARepositoryThatFailsAndDoublesNothing)
{
    Faults faults{.before_insert = 1, .after_insert = 1};
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(journal_.writer(0).append(numbered(i)));
    Settler settler(
        journal_,
        milliseconds(5),
        [&] { return std::make_unique<FailingLedger>(path_, faults); },
        metrics_);
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_TRUE(settler.repository_is_healthy());
    EXPECT_EQ(rows(), 3u);
    EXPECT_EQ(failures(), 2);
    ASSERT_TRUE(journal_.writer(0).append(numbered(3)));
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(rows(), 4u);
}

TEST_F(SettlerTest, KeepsInTheJournalWhatTheRepositoryWillNotTake)
{
    ASSERT_TRUE(journal_.writer(0).append(numbered(0)));
    const std::uint64_t lag = journal_.lag_bytes();
    {
        const auto gone = []() -> std::unique_ptr<Ledger> {
            throw std::runtime_error("nobody listens");
        };
        Settler settler(journal_, milliseconds(5), gone, metrics_);
        EXPECT_FALSE(settler.settle_all(milliseconds(150)));
        EXPECT_FALSE(settler.repository_is_healthy());
        EXPECT_GE(failures(), 1);
    } // and stops in the middle of its pause
    EXPECT_EQ(journal_.lag_bytes(), lag);
    Settler settler(journal_, milliseconds(5), sqlite_, metrics_);
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(rows(), 1u);
}

TEST_F(SettlerTest, DoublesNothingWhenItDiedBeforeTheCheckpoint)
{
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(journal_.writer(0).append(numbered(i)));
    EXPECT_EQ(open_sqlite(path_)->insert(journal_.read(2).records), 2u); // and no advance
    Settler settler(journal_, milliseconds(5), sqlite_, metrics_);
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(rows(), 3u);
    EXPECT_EQ(settled(), 1);
}

TEST_F(SettlerTest, PutsARefusedRecordAsideAndSettlesTheRest)
{
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < 100; ++i) {
        UsageRecord record = numbered(i);
        if (i == 37 || i == 38 || i == 99)
            record.cost = {kMost}; // more than the balance of anybody can hold
        ASSERT_TRUE(journal_.writer(0).append(record));
    }
    Settler settler(journal_, milliseconds(5), sqlite_, metrics_);
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_TRUE(settler.repository_is_healthy());
    EXPECT_EQ(rows(), 97u);
    EXPECT_EQ(settled(), 97);
    EXPECT_EQ(failures(), 0);
    EXPECT_EQ(counter("turngate_usage_dead_letters_total",
                      "Usage records that the repository refused for good"),
              3);
    EXPECT_EQ(open_sqlite(path_)->dead_letters(10).size(), 3u);
    EXPECT_EQ(journal_.lag_bytes(), 0u);
}

TEST_F(SettlerTest, TellsOfEachRecordWithItsSumsBeforeTheJournalLetsGoOfIt)
{
    Faults faults{.before_insert = 1, .after_insert = 1};
    std::vector<std::string> told;
    Settled last;
    for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(journal_.writer(0).append(numbered(i)));
    const std::uint64_t lag = journal_.lag_bytes();
    Settler settler(
        journal_,
        milliseconds(5),
        [&] { return std::make_unique<FailingLedger>(path_, faults); },
        metrics_,
        [&](const std::vector<UsageRecord>& records, const Settled& sums) {
            EXPECT_EQ(journal_.lag_bytes(), lag);
            EXPECT_EQ(rows(), 2u);
            for (const UsageRecord& record : records)
                told.push_back(record.response_uid);
            last = sums;
        });
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(told, (std::vector<std::string>{"uid-0", "uid-1"}));
    ASSERT_EQ(last.users.size(), 1u) << "though none of them was new to the repository any more";
    EXPECT_EQ(last.users[0].spent.value, 2 * numbered(0).cost.value);
    EXPECT_EQ(journal_.lag_bytes(), 0u);
}

TEST_F(SettlerTest, TellsOfABuriedRecordToo)
{
    UsageRecord most = numbered(1);
    most.cost = {std::numeric_limits<std::int64_t>::max()};
    ASSERT_TRUE(journal_.writer(0).append(numbered(0)));
    ASSERT_TRUE(journal_.writer(0).append(most));
    std::size_t told = 0;
    std::int64_t spent = 0;
    Settler settler(
        journal_, milliseconds(5), sqlite_, metrics_, [&](const auto& records, const auto& sums) {
            told += records.size();
            spent = sums.users.at(sums.users.size() - 1).spent.value;
        });
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(rows(), 1u);
    EXPECT_EQ(told, 2u);
    EXPECT_EQ(spent, numbered(0).cost.value) << "there is no room for more";
}

TEST_F(SettlerTest, TellsOfABatchOnceThoughItsCheckpointCannotBeWritten)
{
    std::filesystem::create_directory(dir_ / "journal/checkpoint.new");
    std::size_t told = 0;
    ASSERT_TRUE(journal_.writer(0).append(numbered(0)));
    Settler settler(
        journal_, milliseconds(5), sqlite_, metrics_, [&](const auto& records, const Settled&) {
            told += records.size();
        });
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(failures(), 1);
    EXPECT_EQ(told, 1u);
}

TEST_F(SettlerTest, ShowsWhatWaits)
{
    const auto gone = []() -> std::unique_ptr<Ledger> {
        throw std::runtime_error("nobody listens");
    };
    Settler settler(journal_, milliseconds(5), gone, metrics_);
    for (int i = 0; i < 700; ++i)
        ASSERT_TRUE(journal_.writer(i % 2).append(numbered(i)));
    std::size_t waiting = 0;
    settler.each_waiting([&](const auto& records) { waiting += records.size(); });
    EXPECT_EQ(waiting, 700u);
}

TEST_F(SettlerTest, SettlesOnWhenItsListenerThrows)
{
    std::size_t told = 0;
    for (int i = 0; i < 700; ++i) // more than one batch
        ASSERT_TRUE(journal_.writer(0).append(numbered(i)));
    Settler settler(
        journal_, milliseconds(5), sqlite_, metrics_, [&](const auto& records, const Settled&) {
            told += records.size();
            if (told == records.size())
                throw std::runtime_error("the listener is broken");
            throw 1; // NOLINT: whatever it is
        });
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(told, 700u);
    EXPECT_EQ(rows(), 700u);
    EXPECT_EQ(failures(), 0);
    EXPECT_TRUE(settler.repository_is_healthy());
}

TEST_F(SettlerTest, MeasuresTheJournal)
{
    const auto gauge = [this](const char* name, const char* help) {
        return metrics_.gauge(name, help).value();
    };
    ASSERT_TRUE(journal_.writer(0).append(numbered(0)));
    const auto gone = []() -> std::unique_ptr<Ledger> {
        throw std::runtime_error("nobody listens");
    };
    Settler settler(journal_, milliseconds(1), gone, metrics_);
    while (gauge("turngate_journal_lag_seconds",
                 "Time since the repository last had all of the journal") == 0) {
    }
    const auto size = static_cast<double>(journal_.size_bytes());
    EXPECT_GT(size, 0);
    EXPECT_EQ(gauge("turngate_journal_lag_bytes", "Journal bytes not yet in the repository"), size);
    while (gauge("turngate_journal_size_bytes", "Journal bytes on the disk") != size) {
    }
}

TEST_F(SettlerTest, CountsWhatWasTorn)
{
    std::filesystem::create_directories(dir_ / "torn");
    write_file(dir_ / "torn/0-0000000001.journal", "seven b");
    JournalDirectory torn({.dir = dir_ / "torn"});
    Settler settler(torn, milliseconds(5), sqlite_, metrics_);
    EXPECT_TRUE(settler.settle_all(seconds(30)));
    EXPECT_EQ(counter("turngate_journal_torn_bytes_total",
                      "Journal bytes that were no records and were set aside"),
              7);
}

} // namespace
} // namespace turngate::usage
