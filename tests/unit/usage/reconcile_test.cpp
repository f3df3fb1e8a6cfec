// Reconciling, on every Ledger.
#include "turngate/usage/reconcile.hpp"

#include "ledger_implementations.hpp"
#include "sample_record.hpp"
#include "temp_dir.hpp"
#include "turngate/usage/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

namespace turngate::usage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

UsageRecord bill(const std::string& uid, std::int64_t cost = 5)
{
    UsageRecord record = sample_record(uid);
    record.upstream_response_id = "resp_" + uid;
    record.user = "ada";
    record.key = "a";
    record.cost = {cost};
    return record;
}

std::vector<std::string> texts_of(const std::vector<BalanceDifference>& differences)
{
    std::vector<std::string> texts;
    for (const BalanceDifference& one : differences)
        texts.push_back((one.of == BalanceDifference::Of::user ? "user " : "key ") + one.name +
                        ": " + (one.is ? std::to_string(one.is->value) : "none") + " not " +
                        std::to_string(one.should_be.value));
    return texts;
}

std::vector<std::string> uids_of(const std::vector<UsageRecord>& records)
{
    std::vector<std::string> uids;
    for (const UsageRecord& record : records)
        uids.push_back(record.response_uid);
    return uids;
}

class Reconcile : public testing::TestWithParam<Implementation>
{
protected:
    void append(const UsageRecord& record) { ASSERT_TRUE(journal_.writer(0).append(record)); }

    // As the settler would.
    void settle(const std::vector<UsageRecord>& records)
    {
        for (const UsageRecord& record : records)
            append(record);
        const auto batch = journal_.read(1000);
        ledger_->insert(batch.records);
        journal_.advance(batch);
    }
    void run(const std::string& sql) { GetParam().run(dir_, sql); }
    Reconciliation look() { return reconcile(*ledger_, journal_dir_, false); }
    Reconciliation fix() { return reconcile(*ledger_, journal_dir_, true); }
    std::string segment() { return journal_dir_ + "/0-0000000001.journal"; }
    std::int64_t spent() { return ledger_->balances().users.at(0).spent.value; }

    TempDir dir_;
    const std::string journal_dir_ = dir_ / "journal";
    std::unique_ptr<Ledger> ledger_ = GetParam().open(dir_);
    JournalDirectory journal_{{.dir = journal_dir_}};
};

TEST_P(Reconcile, FindsNothingWhereAllIsWell)
{
    EXPECT_TRUE(look().is_even());
    settle({bill("a"), bill("b"), bill("c")});
    ledger_->set_credit("bob", core::NanoUsd{7});
    const std::int64_t revision = ledger_->balances().users.at(0).revision;
    const Reconciliation found = fix();
    EXPECT_TRUE(found.is_even());
    EXPECT_EQ(found.settled, 3u);
    EXPECT_EQ(found.waiting, 0u);
    EXPECT_EQ(found.torn_bytes, 0u);
    EXPECT_EQ(found.put_back, 0u);
    EXPECT_THAT(found.mended, IsEmpty());
    EXPECT_EQ(ledger_->balances().users.at(0).revision, revision);
}

TEST_P(Reconcile, PutsADeletedBillBackWithItsCost)
{
    settle({bill("a", 5), bill("b", 6)});
    run("DELETE FROM usage_records WHERE response_uid = 'a'");
    const Reconciliation found = look();
    EXPECT_FALSE(found.is_even());
    EXPECT_THAT(uids_of(found.missing), ElementsAre("a"));
    EXPECT_THAT(texts_of(found.differences), ElementsAre("user ada: 11 not 6", "key a: 11 not 6"));
    EXPECT_EQ(ledger_->list({}).records.size(), 1u); // looking changes nothing
    EXPECT_EQ(fix().put_back, 1u);
    EXPECT_TRUE(look().is_even());
    EXPECT_EQ(ledger_->list({}).records.size(), 2u);
    EXPECT_EQ(spent(), 11);
    EXPECT_EQ(ledger_->balances().keys.at(0).used.value, 11);
}

TEST_P(Reconcile, FillsALedgerThatWasLost)
{
    std::vector<UsageRecord> records;
    for (int i = 0; i < 700; ++i) // more than is asked for at a time
        records.push_back(bill("uid-" + std::to_string(i), 1));
    settle(records);
    run("DELETE FROM usage_records; DELETE FROM users; DELETE FROM keys");
    EXPECT_EQ(fix().put_back, 700u);
    EXPECT_TRUE(look().is_even());
    EXPECT_EQ(spent(), 700);
}

TEST_P(Reconcile, MendsABentBalanceAndGivesItANewRevision)
{
    settle({bill("a", 5), bill("b", 6)});
    run("UPDATE users SET spent_nano_usd = 1");
    const Balances before = ledger_->balances();
    EXPECT_THAT(texts_of(look().differences), ElementsAre("user ada: 1 not 11"));
    EXPECT_THAT(texts_of(fix().mended), ElementsAre("user ada: 1 not 11"));
    const Balances after = ledger_->balances();
    EXPECT_EQ(after.users.at(0).spent.value, 11);
    EXPECT_GT(after.users.at(0).revision, before.users.at(0).revision);
    EXPECT_EQ(after.keys.at(0).revision, before.keys.at(0).revision);
    EXPECT_TRUE(look().is_even());
}

TEST_P(Reconcile, MakesABalanceThatIsNotThere)
{
    settle({bill("a", 5)});
    run("DELETE FROM users; DELETE FROM keys");
    EXPECT_THAT(texts_of(fix().mended), ElementsAre("user ada: none not 5", "key a: none not 5"));
    EXPECT_EQ(spent(), 5);
    EXPECT_TRUE(look().is_even());
}

TEST_P(Reconcile, KeepsCreditAndKeysWhenItMends)
{
    StoredKey key;
    key.name = "a";
    key.digest = core::sha256("a");
    key.quota = core::NanoUsd{100};
    ledger_->create_key(key);
    ledger_->set_credit("ada", core::NanoUsd{7});
    settle({bill("a", 5)});
    run("UPDATE users SET spent_nano_usd = 0");
    run("UPDATE keys SET used_nano_usd = 0");
    fix();
    EXPECT_EQ(ledger_->balances().users.at(0).credit, core::NanoUsd{7});
    EXPECT_EQ(ledger_->keys().at(0).quota, core::NanoUsd{100});
    EXPECT_EQ(ledger_->keys().at(0).used, core::NanoUsd{5});
}

TEST_P(Reconcile, TakesADeadLetterForWhatItIs)
{
    settle({bill("a")});
    append(bill("bad"));
    const auto batch = journal_.read(10);
    ledger_->bury(batch.records.at(0), "why");
    journal_.advance(batch);
    const Reconciliation found = look();
    EXPECT_THAT(found.missing, IsEmpty());
    EXPECT_THAT(found.differences, IsEmpty());
    EXPECT_EQ(found.settled, 2u);
    EXPECT_EQ(found.dead_letters, 1);
    EXPECT_FALSE(found.is_even()); // it is no bill, either
    EXPECT_TRUE(fix().is_left());
}

TEST_P(Reconcile, FindsAResponseThatIsBilledTwice)
{
    UsageRecord again = bill("b");
    again.upstream_response_id = bill("a").upstream_response_id;
    settle({bill("a"), again});
    const Reconciliation found = fix();
    ASSERT_EQ(found.doubles.size(), 1u);
    EXPECT_EQ(found.doubles[0].bills, 2);
    EXPECT_FALSE(found.is_even());
    EXPECT_TRUE(found.is_left());
    EXPECT_EQ(spent(), 10); // whose it is nobody can know here
}

TEST_P(Reconcile, LeavesWhatWaitsToTheSettler)
{
    settle({bill("a")});
    append(bill("b"));
    append(bill("c"));
    const Reconciliation found = fix();
    EXPECT_TRUE(found.is_even());
    EXPECT_EQ(found.settled, 1u);
    EXPECT_EQ(found.waiting, 2u);
    EXPECT_EQ(ledger_->list({}).records.size(), 1u);
}

TEST_P(Reconcile, DoesNotMissWhatWasRetired)
{
    UsageRecord old = bill("old", 3);
    old.started_at = core::Timestamp(std::chrono::days(18'000));
    settle({old, bill("a", 5)});
    EXPECT_EQ(ledger_->retire(old.started_at + std::chrono::seconds(1)), 1u);
    const Reconciliation found = fix();
    EXPECT_TRUE(found.is_even());
    EXPECT_EQ(found.retired, 1u);
    EXPECT_EQ(spent(), 8);
    run("UPDATE users SET spent_nano_usd = 0");
    EXPECT_THAT(texts_of(fix().mended), ElementsAre("user ada: 0 not 8"));
}

TEST_P(Reconcile, LeavesAGoodRecordRoomThatAWrongBalanceHasTaken)
{
    settle({bill("a", 5), bill("b", 6)});
    run("DELETE FROM usage_records WHERE response_uid = 'b'");
    run("UPDATE users SET spent_nano_usd = " + std::to_string(kMost));
    const Reconciliation found = fix();
    EXPECT_EQ(found.put_back, 1u);
    EXPECT_EQ(found.buried, 0u);
    EXPECT_EQ(spent(), 11);
}

TEST_P(Reconcile, BuriesAMissingRecordThatIsRefused)
{
    settle({bill("a", 5), bill("big", kMost - 5)});
    run("DELETE FROM usage_records WHERE response_uid = 'big'");
    run("UPDATE users SET spent_nano_usd = 5");
    run("UPDATE keys SET used_nano_usd = 5");
    ledger_->insert({bill("another", 1)}); // and now there is no room for it
    const Reconciliation found = fix();
    EXPECT_EQ(found.put_back, 0u);
    EXPECT_EQ(found.buried, 1u);
    EXPECT_EQ(ledger_->dead_letters(10).at(0).response_uid, "big");
    EXPECT_TRUE(look().missing.empty());
    EXPECT_EQ(spent(), 6);
}

TEST_P(Reconcile, CountsDamageAndFindsTheRecordsAroundIt)
{
    append(bill("a"));
    append(bill("b"));
    std::string bytes = contents_of(segment());
    const std::size_t second = bytes.size() / 2;
    bytes.insert(second, "damage");
    write_file(segment(), bytes);
    const Reconciliation found = look();
    EXPECT_EQ(found.waiting, 2u);
    EXPECT_EQ(found.torn_bytes, 6u);
}

TEST_P(Reconcile, TakesNoRecordThatIsBeingWrittenForDamage)
{
    settle({bill("a")});
    append(bill("b"));
    const std::string bytes = contents_of(segment());
    std::filesystem::resize_file(segment(), bytes.size() - 10);
    const Reconciliation found = look();
    EXPECT_EQ(found.settled, 1u);
    EXPECT_EQ(found.waiting, 0u);
    EXPECT_EQ(found.torn_bytes, 0u);
}

TEST_P(Reconcile, ReadsASegmentThatWasSetAside)
{
    settle({bill("a"), bill("b")});
    const std::string bytes = contents_of(segment());
    write_file(segment() + ".corrupt", "damage" + bytes);
    std::filesystem::remove(segment());
    run("DELETE FROM usage_records WHERE response_uid = 'b'");
    const Reconciliation found = look();
    EXPECT_EQ(found.settled, 2u);
    EXPECT_EQ(found.torn_bytes, 6u);
    EXPECT_THAT(uids_of(found.missing), ElementsAre("b"));
}

TEST_P(Reconcile, ReadsASegmentOnceThoughItHasTwoNames)
{
    settle({bill("a")});
    std::filesystem::create_hard_link(segment(), segment() + ".corrupt");
    EXPECT_EQ(look().settled, 1u);
}

TEST_P(Reconcile, SaysWhichJournalItCannotRead)
{
    EXPECT_THAT([&] { reconcile(*ledger_, "/nowhere/journal", false); },
                testing::ThrowsMessage<std::runtime_error>(HasSubstr("/nowhere/journal")));
}

TEST_P(Reconcile, EndsEvenBesideGatewaysThatInsert)
{
    constexpr int kBatches = 60;
    settle({bill("lost", 1000)});
    run("DELETE FROM usage_records");
    std::atomic<int> running{2};
    std::vector<std::jthread> gateways;
    for (int gateway = 0; gateway < 2; ++gateway)
        gateways.emplace_back([this, gateway, &running] {
            const auto ledger = GetParam().open(dir_);
            for (int batch = 0; batch < kBatches; ++batch) {
                const std::string uid = std::to_string(gateway) + "-" + std::to_string(batch);
                EXPECT_NO_THROW(ledger->insert({bill(uid + "a", 1), bill(uid + "b", 1)}));
            }
            --running;
        });
    std::size_t put_back = fix().put_back;
    while (running > 0) {
        run("UPDATE users SET spent_nano_usd = spent_nano_usd + 100000 WHERE name = 'ada'");
        put_back += fix().put_back;
    }
    gateways.clear();
    EXPECT_TRUE(look().is_even());
    EXPECT_EQ(put_back, 1u);
    EXPECT_EQ(spent(), 1000 + 2 * 2 * kBatches);
}

INSTANTIATE_TEST_SUITE_P(All, Reconcile, ledger_implementations(), name_of_implementation);

Reconciliation sample()
{
    Reconciliation all;
    all.settled = 12;
    all.waiting = 3;
    all.retired = 1;
    all.torn_bytes = 7;
    all.missing = {bill("uid\x1b")};
    all.differences = {
        {BalanceDifference::Of::user, "ada", core::NanoUsd{11}, {6}},
        {BalanceDifference::Of::key, "a", std::nullopt, {6}},
    };
    all.dead_letters = 2;
    all.doubles = {{"main", "resp_1", 2, {10}}};
    return all;
}

TEST(ReconcileReport, IsTextForPeople)
{
    Reconciliation all = sample();
    const std::string look = "journal: 12 settled records, 3 waiting, 7 bytes that are no records\n"
                             "retired: 1 of the settled records\n"
                             "missing bills: 1\n"
                             "  uid? of 2026-11-01T12:00:00.123456Z, user ada, key a, 5 nano USD\n"
                             "balances that differ from their bills: 2\n"
                             "  user ada is 11 nano USD, should be 6 nano USD\n"
                             "  key a has no balance, should be 6 nano USD\n"
                             "dead letters: 2 (turngate dead-letters list)\n"
                             "upstream responses with several bills: 1\n"
                             "  resp_1 of account main: 2 bills, 10 nano USD\n";
    EXPECT_EQ(to_text(all), look);
    all.is_fix = true;
    all.mended = {all.differences[0]};
    all.put_back = 1;
    EXPECT_EQ(to_text(all),
              look + "balances set: 1\n"
                     "  user ada is 11 nano USD, was set to 6 nano USD\n"
                     "bills put back: 1\n");
}

TEST(ReconcileReport, IsJsonForPrograms)
{
    EXPECT_EQ(
        to_json(Reconciliation()),
        R"({"is_even":true,"settled_records":0,"waiting_records":0,"retired_records":0,)"
        R"("torn_bytes":0,"missing":[],"differences":[],"dead_letters":0,"billed_twice":[],"fix":null})");
    Reconciliation all = sample();
    all.is_fix = true;
    all.buried = 1;
    EXPECT_EQ(
        to_json(all),
        R"({"is_even":false,"settled_records":12,"waiting_records":3,"retired_records":1,)"
        R"("torn_bytes":7,"missing":[{"response_uid":"uid\u001b",)"
        R"("started_at":"2026-11-01T12:00:00.123456Z","user":"ada","key":"a","cost_nano_usd":5}],)"
        R"("differences":[{"user":"ada","is_nano_usd":11,"should_be_nano_usd":6},)"
        R"({"key":"a","is_nano_usd":null,"should_be_nano_usd":6}],)"
        R"("dead_letters":2,"billed_twice":[{"account":"main","upstream_response_id":"resp_1",)"
        R"("bills":2,"cost_nano_usd":10}],)"
        R"("fix":{"mended":[],"put_back":0,"buried":1}})");
}

} // namespace
} // namespace turngate::usage
