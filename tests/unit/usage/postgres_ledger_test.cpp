// What Postgres adds to the contract: it can refuse more than SQLite, go away, and be shared.
#include "turngate/usage/postgres.hpp"

#include "migration.hpp"
#include "postgres_server.hpp"
#include "sample_record.hpp"
#include "turngate/usage/settler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <csignal>
#include <random>
#include <thread>

namespace turngate::usage {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::ThrowsMessage;

UsageRecord numbered(int number)
{
    return sample_record("uid-" + std::to_string(number));
}

class PostgresLedger : public testing::Test
{
protected:
    std::size_t rows(PostgresDatabase& database)
    {
        return static_cast<std::size_t>(database.open()->sums({}, GroupBy::group).at(0).responses);
    }
    // The process that serves the only connection of this test's schema which is not this one.
    static void signal_backends(const std::string& url, int signal)
    {
        pqxx::connection connection(url);
        pqxx::work work(connection);
        for (const auto& row : work.exec("SELECT pid FROM pg_stat_activity "
                                         "WHERE backend_type = 'client backend' "
                                         "AND pid <> pg_backend_pid()"))
            ::kill(row[0].as<pid_t>(), signal);
    }

    void run(const std::string& sql)
    {
        pqxx::connection connection(url_);
        pqxx::work work(connection);
        work.exec(sql);
        work.commit();
    }
    void wait_for_a_blocked_backend()
    {
        pqxx::connection connection(url_);
        pqxx::nontransaction work(connection);
        while (work.exec("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").empty()) {
        }
    }

    static inline int count_ = 0;
    const std::string url_ = postgres_server().schema("ledger_" + std::to_string(++count_));
    TempDir dir_;
    JournalDirectory journal_{{.dir = dir_ / "journal"}};
    telemetry::Metrics metrics_;
};

TEST_F(PostgresLedger, RefusesWhatOnlyPostgresCannotTake)
{
    PostgresDatabase database({.url = url_});
    const auto ledger = database.open();
    UsageRecord nul = numbered(1);
    nul.reason = std::string("a\0b", 3);
    EXPECT_THAT([&] { ledger->insert({nul}); }, ThrowsMessage<RecordRefused>(HasSubstr("22P05")));
    UsageRecord wide = numbered(2);
    std::mt19937 random(1); // too wide for an index, and not to be compressed
    for (int i = 0; i < 20'000; ++i)
        wide.key += static_cast<char>('!' + random() % 90);
    EXPECT_THAT([&] { ledger->insert({wide}); }, ThrowsMessage<RecordRefused>(HasSubstr("54000")));
    UsageRecord invalid = numbered(3);
    invalid.user_agent = "caf\xe9";
    EXPECT_EQ(ledger->insert({invalid}), 1u);
    EXPECT_EQ(ledger->list({}).records.at(0).user_agent, "caf\ufffd");
}

TEST_F(PostgresLedger, GetsADeadLetterForARefusedRecordAndTheRestSettled)
{
    PostgresDatabase database({.url = url_});
    const auto ledger = database.open();
    constexpr std::int64_t kMost = INT64_MAX;
    for (int i = 0; i < 20; ++i) {
        UsageRecord record = numbered(i);
        record.cost = {i == 7 ? kMost : 1};
        ASSERT_TRUE(journal_.writer(0).append(record));
    }
    Settler settler(journal_, 5ms, [&] { return database.open(); }, metrics_);
    EXPECT_TRUE(settler.settle_all(30s));
    EXPECT_EQ(rows(database), 19u);
    const auto letters = ledger->dead_letters(10);
    ASSERT_EQ(letters.size(), 1u);
    EXPECT_EQ(letters[0].response_uid, "uid-7");
    EXPECT_THAT(letters[0].reason, HasSubstr("22003")); // out of range
}

TEST_F(PostgresLedger, GetsEveryBillOnceThoughConnectionsBreakAllTheTime)
{
    PostgresDatabase database({.url = url_});
    database.open();
    std::jthread breaking([this](const std::stop_token& stop) {
        while (!stop.stop_requested())
            signal_backends(url_, SIGTERM);
    });
    Settler settler(journal_, 1ms, [&] { return database.open(); }, metrics_);
    Journal& writer = journal_.writer(0);
    for (int i = 0; i < 3000; ++i)
        ASSERT_TRUE(writer.append(numbered(i)));
    settler.settle_all(2s);
    breaking.request_stop();
    breaking.join();
    EXPECT_TRUE(settler.settle_all(60s));
    EXPECT_EQ(rows(database), 3000u);
    EXPECT_EQ(database.open()->balances().users.at(0).spent.value,
              3000 * sample_record().cost.value);
}

TEST_F(PostgresLedger, IsNoReasonToLoseABillWhenTheServerCrashes)
{
    PostgresDatabase database({.url = url_});
    Settler settler(journal_, 5ms, [&] { return database.open(); }, metrics_);
    ASSERT_TRUE(journal_.writer(0).append(numbered(0)));
    EXPECT_TRUE(settler.settle_all(30s));
    postgres_server().stop();
    ASSERT_TRUE(journal_.writer(0).append(numbered(1)));
    EXPECT_FALSE(settler.settle_all(300ms));
    EXPECT_FALSE(settler.repository_is_healthy());
    EXPECT_GT(journal_.lag_bytes(), 0u);
    postgres_server().start();
    EXPECT_TRUE(settler.settle_all(60s));
    EXPECT_TRUE(settler.repository_is_healthy());
    EXPECT_EQ(rows(database), 2u);
}

TEST_F(PostgresLedger, DoesNotHoldUpTheEndWhenTheServerIsSilent)
{
    PostgresDatabase database({.url = url_});
    {
        Settler settler(journal_, 5ms, [&] { return database.open(); }, metrics_);
        EXPECT_TRUE(settler.settle_all(30s));
        signal_backends(url_, SIGSTOP);
        ASSERT_TRUE(journal_.writer(0).append(numbered(0)));
        EXPECT_FALSE(settler.settle_all(300ms));
        database.cut();
    }
    signal_backends(url_, SIGCONT);
    EXPECT_GT(journal_.lag_bytes(), 0u);
}

TEST_F(PostgresLedger, GoesOnAfterASilentServerOnANewConnection)
{
    PostgresDatabase database({.url = url_, .patience = 300ms});
    Settler settler(journal_, 5ms, [&] { return database.open(); }, metrics_);
    EXPECT_TRUE(settler.settle_all(30s));
    signal_backends(url_, SIGSTOP);
    ASSERT_TRUE(journal_.writer(0).append(numbered(0)));
    EXPECT_TRUE(settler.settle_all(30s)); // the backends of new connections are well
    EXPECT_EQ(rows(database), 1u);
    signal_backends(url_, SIGCONT);
}

TEST_F(PostgresLedger, SaysThatItGaveUpASilentServer)
{
    PostgresDatabase database({.url = url_, .patience = 300ms});
    const auto ledger = database.open();
    signal_backends(url_, SIGSTOP);
    EXPECT_THAT([&] { ledger->list({}); },
                ThrowsMessage<std::runtime_error>(HasSubstr("no answer within 300 ms")));
    signal_backends(url_, SIGCONT);
}

TEST_F(PostgresLedger, IsNeitherMadeNorMigratedByWhoOnlyReadsOrWrites)
{
    for (const Opening opening : {Opening::to_read, Opening::to_write}) {
        PostgresDatabase database({.url = url_, .opening = opening});
        EXPECT_THAT([&] { database.open(); },
                    ThrowsMessage<std::runtime_error>(HasSubstr("no tables of turngate")));
    }
    PostgresDatabase({.url = url_}).open()->insert({numbered(1)});
    PostgresDatabase writing({.url = url_, .opening = Opening::to_write});
    EXPECT_EQ(writing.open()->insert({numbered(2)}), 1u);
    run("DELETE FROM schema_migrations WHERE number = 5");
    EXPECT_THAT([&] { PostgresDatabase({.url = url_, .opening = Opening::to_read}).open(); },
                ThrowsMessage<std::runtime_error>(HasSubstr("turngate migrate")));
}

// As a read replica is: no transaction of it may write.
TEST_F(PostgresLedger, IsReadWhereNothingMayBeWritten)
{
    PostgresDatabase({.url = url_}).open()->insert({numbered(1)});
    const std::string read_only = url_ + "%20-cdefault_transaction_read_only%3Don";
    PostgresDatabase database({.url = read_only, .opening = Opening::to_read});
    const auto ledger = database.open();
    EXPECT_EQ(ledger->list({.after = 0}).records.size(), 1u);
    EXPECT_EQ(ledger->sums({}, GroupBy::day).size(), 1u);
    EXPECT_EQ(ledger->keys().size(), 0u);
    EXPECT_THROW(ledger->insert({numbered(2)}), std::runtime_error);
}

TEST_F(PostgresLedger, WritesNothingWhereItOnlyReads)
{
    PostgresDatabase({.url = url_}).open();
    PostgresDatabase database({.url = url_, .opening = Opening::to_read});
    EXPECT_THROW(database.open()->insert({numbered(1)}), std::runtime_error);
    EXPECT_THROW(database.open()->set_credit("ada", std::nullopt), std::runtime_error);
}

// What a database of earlier versions has comes along: numbered, and summed up.
TEST_F(PostgresLedger, NumbersAndSumsUpTheBillsOfEarlierVersions)
{
    std::string old;
    for (const Migration& migration : postgres_migrations().files.first(4))
        old += std::string(migration.sql) + ";";
    run(old);
    run("CREATE TABLE schema_migrations (number integer PRIMARY KEY, name text NOT NULL, sha256 "
        "text NOT NULL, applied_at bigint NOT NULL)");
    for (const Migration& migration : postgres_migrations().files.first(4))
        run("INSERT INTO schema_migrations VALUES (" + std::to_string(migration.number) + ", '" +
            std::string(migration.name) + "', '" + checksum_of(migration) + "', 0)");
    for (const char* uid : {"second", "first", "third"})
        run("INSERT INTO usage_records VALUES ('" + std::string(uid) +
            "', 't', 'r', 'ada', 'k', 'g', 'a', 'm', 'm', '', '', 3, 10, 1, 1, 1, 1, 11, 0, 0, '', "
            "0, 1, '', '', '', 1000000, 5, 6, 0, NULL, 1, " +
            std::to_string(86'400'000'000 * (uid[0] == 's' ? 2 : 1)) + ", '', '', '')");
    run("INSERT INTO users (name, credit_nano_usd, spent_nano_usd) VALUES ('bob', 7, 0)");
    PostgresDatabase database({.url = url_});
    const auto ledger = database.open();
    const auto records = ledger->list({.after = 0}).records;
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[0].response_uid, "second");
    EXPECT_EQ(records[2].response_uid, "third");
    const auto sums = ledger->sums({}, GroupBy::day);
    ASSERT_EQ(sums.size(), 2u);
    EXPECT_EQ(sums[1].responses, 2);
    EXPECT_EQ(sums[1].tokens.input, 20);
    EXPECT_EQ(ledger->credit_book("bob", 9).at(0).credit, core::NanoUsd{7});
}

TEST_F(PostgresLedger, GivesUpInTimeAlsoAtTheServer)
{
    PostgresDatabase database({.url = url_, .pool = 1});
    database.open()->insert({numbered(0)});
    pqxx::connection connection(url_);
    pqxx::work work(connection);
    work.exec("LOCK TABLE usage_records"); // whoever reads it waits
    {
        const auto ledger = database.open();
        ledger->give_up_at(core::Clock::now() + 100ms);
        EXPECT_THROW(ledger->list({}), OutOfTime);
        EXPECT_TRUE(
            work.exec("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").empty());
    }
    work.commit();
    EXPECT_EQ(rows(database), 1u); // whoever has the connection next may take its time
}

TEST_F(PostgresLedger, GivesUpInTimeWhereTheServerIsSilent)
{
    PostgresDatabase database({.url = url_});
    const auto ledger = database.open();
    ledger->insert({numbered(0)});
    signal_backends(url_, SIGSTOP);
    ledger->give_up_at(core::Clock::now() + 100ms);
    EXPECT_THROW(ledger->list({}), OutOfTime);
    signal_backends(url_, SIGCONT);
    EXPECT_EQ(rows(database), 1u);
}

TEST_F(PostgresLedger, WaitsForAPlaceNoLongerThanItsAsked)
{
    PostgresDatabase database({.url = url_, .pool = 1, .patience = 1min});
    const auto one = database.open();
    EXPECT_THAT([&] { database.open(core::Clock::now() + 50ms); },
                ThrowsMessage<std::runtime_error>(HasSubstr("connections are in use")));
}

TEST_F(PostgresLedger, IsNotOpenedAfterItWasCut)
{
    PostgresDatabase database({.url = url_, .pool = 1, .patience = 1min});
    const auto one = database.open();
    database.cut();
    EXPECT_THROW(database.open(), std::runtime_error);
}

TEST_F(PostgresLedger, TakesNoMoreConnectionsThanItsPoolAndUsesThemAgain)
{
    PostgresDatabase database({.url = url_, .pool = 2, .patience = 100ms});
    auto one = database.open();
    auto two = database.open();
    EXPECT_THAT([&] { database.open(); },
                ThrowsMessage<std::runtime_error>(HasSubstr("all 2 connections are in use")));
    one.reset();
    EXPECT_EQ(database.open()->insert({numbered(0)}), 1u);
    EXPECT_EQ(two->list({}).records.size(), 1u);
}

TEST_F(PostgresLedger, ReplacesAConnectionThatTheServerClosedInThePool)
{
    PostgresDatabase database({.url = url_});
    database.open()->insert({numbered(0)});
    pqxx::connection connection(url_);
    pqxx::nontransaction work(connection);
    work.exec("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
              "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
    EXPECT_EQ(rows(database), 1u);
}

TEST_F(PostgresLedger, IsSharedByGatewaysWithoutLosingOrDoublingMoney)
{
    PostgresDatabase database({.url = url_, .pool = 8});
    std::vector<std::jthread> gateways;
    for (int gateway = 0; gateway < 4; ++gateway)
        gateways.emplace_back([&, gateway] {
            const auto ledger = database.open();
            for (int batch = 0; batch < 25; ++batch) {
                std::vector<UsageRecord> records;
                for (int i = 0; i < 20; ++i) {
                    UsageRecord record = numbered(batch * 20 + i); // all have the same bills
                    record.user = "user-" + std::to_string((i * 7 + gateway * 3) % 5);
                    record.key = "key-" + std::to_string((i * 3 + gateway) % 7);
                    record.cost = {1};
                    records.push_back(record);
                }
                EXPECT_NO_THROW(ledger->insert(records));
            }
        });
    gateways.clear();
    EXPECT_EQ(rows(database), 500u);
    std::int64_t spent = 0;
    std::int64_t used = 0;
    const Balances balances = database.open()->balances();
    for (const UserBalance& user : balances.users)
        spent += user.spent.value;
    for (const KeyBalance& key : balances.keys)
        used += key.used.value;
    EXPECT_EQ(spent, 500);
    EXPECT_EQ(used, 500);
}

TEST_F(PostgresLedger, MendsNoBalanceBehindAnInsertThatIsUnderWay)
{
    PostgresDatabase database({.url = url_});
    const auto ledger = database.open();
    ledger->insert({numbered(1)});
    pqxx::connection connection(url_);
    pqxx::work inserting(connection); // of a gateway, just before its commit
    inserting.exec("UPDATE users SET spent_nano_usd = 7");
    inserting.exec("CREATE TEMP TABLE late AS SELECT * FROM usage_records; "
                   "UPDATE late SET response_uid = 'late', settled_seq = 1000; "
                   "INSERT INTO usage_records SELECT * FROM late");
    run("UPDATE keys SET used_nano_usd = 0"); // so that there is something to mend
    std::jthread mending([&] { EXPECT_EQ(ledger->mend_balances().size(), 2u); });
    wait_for_a_blocked_backend();
    inserting.commit();
    mending.join();
    EXPECT_TRUE(ledger->balance_differences().empty());
    EXPECT_EQ(ledger->balances().users.at(0).spent.value, 2 * sample_record().cost.value);
}

TEST_F(PostgresLedger, IsWellAfterAMendThatFailed)
{
    PostgresDatabase database({.url = url_});
    const auto ledger = database.open();
    ledger->insert({numbered(1)});
    run("UPDATE users SET spent_nano_usd = 7; "
        "ALTER TABLE users ADD CONSTRAINT none CHECK (spent_nano_usd = 7)");
    EXPECT_THROW(ledger->mend_balances(), std::runtime_error);
    EXPECT_EQ(ledger->balances().users.at(0).spent.value, 7);
    run("ALTER TABLE users DROP CONSTRAINT none"); // it held no lock back
    EXPECT_EQ(ledger->mend_balances().size(), 1u);
    EXPECT_TRUE(ledger->balance_differences().empty());
}

TEST_F(PostgresLedger, SaysWhereNobodyListens)
{
    PostgresDatabase database({.url = "postgresql://turngate@/x?host=/nowhere"});
    EXPECT_THAT([&] { database.open(); }, ThrowsMessage<std::runtime_error>(HasSubstr("/nowhere")));
}

} // namespace
} // namespace turngate::usage
