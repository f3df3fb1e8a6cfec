// What becomes of bills that the repository refuses: they count, and they can be tried again.
#include "ledger_implementations.hpp"
#include "sample_record.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

namespace turngate::usage {
namespace {

using End = RetriedLetter::End;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

UsageRecord bill(const std::string& uid, std::int64_t cost, const std::string& user = "ada")
{
    UsageRecord record = sample_record(uid);
    record.user = user;
    record.key = "dev";
    record.cost = {cost};
    return record;
}

class LettersContract : public testing::TestWithParam<Implementation>
{
protected:
    std::int64_t spent(const std::string& user = "ada")
    {
        const Balances balances = ledger_->balances();
        const auto row = std::ranges::find(balances.users, user, &UserBalance::user);
        return row == balances.users.end() ? 0 : row->spent.value;
    }
    std::int64_t used()
    {
        const Balances balances = ledger_->balances();
        const auto row = std::ranges::find(balances.keys, "dev", &KeyBalance::key);
        return row == balances.keys.end() ? 0 : row->used.value;
    }
    std::size_t letters() { return ledger_->dead_letters(100).size(); }

    TempDir dir_;
    std::unique_ptr<Ledger> ledger_ = GetParam().open(dir_);
};

TEST_P(LettersContract, CountWhatTheyCostUntilTheyAreBills)
{
    ledger_->insert({bill("1", 5)});
    const Settled sums = ledger_->bury(bill("2", 7), "why");
    EXPECT_THAT(sums.users, UnorderedElementsAre(Sum{"ada", {12}, 2}));
    EXPECT_THAT(sums.keys, UnorderedElementsAre(Sum{"dev", {12}, 2}));
    EXPECT_EQ(spent(), 12);
    EXPECT_EQ(used(), 12);
    EXPECT_THAT(ledger_->balance_differences(), IsEmpty());

    EXPECT_EQ(ledger_->retry("2").end, End::settled);
    EXPECT_EQ(letters(), 0u);
    EXPECT_EQ(spent(), 12) << "it counts as it did";
    EXPECT_EQ(used(), 12);
    EXPECT_EQ(ledger_->list({}).records.size(), 2u);
    EXPECT_THAT(ledger_->balance_differences(), IsEmpty());
    EXPECT_EQ(ledger_->retry("2").end, End::unknown);
}

TEST_P(LettersContract, AreBuriedOnceAndNeverBesideTheirBill)
{
    ledger_->bury(bill("1", 5), "why");
    ledger_->bury(bill("1", 5), "why, again");
    EXPECT_EQ(spent(), 5);
    EXPECT_EQ(letters(), 1u);
    ledger_->insert({bill("2", 7)});
    EXPECT_THAT(ledger_->bury(bill("2", 7), "late").users,
                UnorderedElementsAre(Sum{"ada", {12}, 2}));
    EXPECT_EQ(spent(), 12);
    EXPECT_EQ(letters(), 1u);
}

TEST_P(LettersContract, GiveWayToTheirBillsWhenTheseAreSettledAfterAll)
{
    ledger_->bury(bill("1", 5), "why");
    const Settled settled = ledger_->settle({bill("1", 5), bill("2", 7)});
    EXPECT_EQ(settled.count, 2u);
    EXPECT_EQ(settled.users.at(0).spent.value, 12);
    EXPECT_EQ(letters(), 0u);
    EXPECT_EQ(spent(), 12);
    EXPECT_THAT(ledger_->balance_differences(), IsEmpty());
}

TEST_P(LettersContract, CountNothingWhereABalanceHasNoRoomForThem)
{
    ledger_->insert({bill("1", 5)});
    EXPECT_THROW(ledger_->insert({bill("2", kMost)}), RecordRefused);
    ledger_->bury(bill("2", kMost), "too much");
    EXPECT_EQ(spent(), 5);
    EXPECT_THAT(ledger_->balance_differences(), IsEmpty());
    const RetriedLetter again = ledger_->retry("2");
    EXPECT_EQ(again.end, End::refused);
    EXPECT_FALSE(again.reason.empty());
    EXPECT_EQ(letters(), 1u);
    EXPECT_EQ(ledger_->insert({bill("3", 7)}), 1u) << "others have room";
}

TEST_P(LettersContract, ComeBackWholeFromWhatTheyHold)
{
    UsageRecord record = sample_record("whole");
    record.tokens.web_searches = 3;
    record.status = Status::aborted;
    record.request_type = RequestType::sync;
    record.first_token_ms = std::nullopt;
    ledger_->bury(record, "why");
    EXPECT_EQ(ledger_->retry("whole").end, End::settled);
    const auto page = ledger_->list({});
    ASSERT_EQ(page.records.size(), 1u);
    EXPECT_EQ(encode(page.records[0]), encode(record));
}

TEST_P(LettersContract, ThatNobodyCanReadStay)
{
    ledger_->bury(bill("1", 5), "why");
    GetParam().run(dir_, "UPDATE dead_letters SET record = '{\"response_uid\":1}'");
    EXPECT_EQ(ledger_->retry("1").end, End::refused);
    EXPECT_EQ(letters(), 1u);
    EXPECT_EQ(spent(), 5);
}

TEST_P(LettersContract, AreRefusedAgainWhileWhatRefusedThemIsThere)
{
    ledger_->bury(bill("1", 5), "why");
    GetParam().run(dir_, "CREATE UNIQUE INDEX one_user ON usage_records (user_name)");
    ledger_->insert({bill("0", 1)});
    const RetriedLetter refused = ledger_->retry("1");
    EXPECT_EQ(refused.end, End::refused);
    EXPECT_EQ(spent(), 6);
    GetParam().run(dir_, "DROP INDEX one_user");
    EXPECT_EQ(ledger_->retry("1").end, End::settled);
    EXPECT_EQ(spent(), 6);
}

TEST_P(LettersContract, SettlingTellsTheSumsOfAllWhomTheRecordsName)
{
    ledger_->insert({bill("1", 5)});
    const Settled settled = ledger_->settle({bill("1", 5), bill("2", 7, "bob"), bill("3", 1, "")});
    EXPECT_EQ(settled.count, 2u);
    EXPECT_THAT(settled.users, UnorderedElementsAre(Sum{"ada", {5}, 1}, Sum{"bob", {7}, 1}));
    EXPECT_THAT(settled.keys, UnorderedElementsAre(Sum{"dev", {13}, 2}));
}

class ChangesContract : public LettersContract
{
};

std::vector<std::string> names_of(const Changes& changes)
{
    std::vector<std::string> names;
    for (const UserBalance& user : changes.users)
        names.push_back(user.user);
    for (const KeyBalance& key : changes.keys)
        names.push_back(key.key);
    for (const StoredKey& key : changes.stored_keys)
        names.push_back("stored " + key.name);
    return names;
}

TEST_P(ChangesContract, AreWhatIsNewSinceAnotherReading)
{
    ledger_->insert({bill("1", 5), bill("2", 5, "bob")});
    StoredKey key;
    key.name = "key";
    key.digest = core::sha256("key");
    ledger_->create_key(key);
    const Changes all = ledger_->changes(0);
    EXPECT_THAT(names_of(all), UnorderedElementsAre("ada", "bob", "dev", "key", "stored key"));
    EXPECT_THAT(names_of(ledger_->changes(all.until)), IsEmpty());

    GetParam().open(dir_)->insert({bill("3", 7)});
    const Changes moved = ledger_->changes(all.until);
    EXPECT_THAT(names_of(moved), UnorderedElementsAre("ada", "dev"));
    EXPECT_EQ(moved.users[0].spent.value, 12);

    ledger_->set_credit("bob", core::NanoUsd{3});
    ledger_->revoke_key("key", core::wall_now());
    const Changes said = ledger_->changes(moved.until);
    EXPECT_THAT(names_of(said), UnorderedElementsAre("bob", "key", "stored key"));
    EXPECT_THAT(names_of(ledger_->changes(all.until)),
                UnorderedElementsAre("ada", "bob", "dev", "key", "stored key"));
}

TEST_P(ChangesContract, OfAHundredThousandUsersAreThoseOfOne)
{
    GetParam().run(dir_,
                   "INSERT INTO users (name, spent_nano_usd) WITH RECURSIVE n(i) AS "
                   "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                   "SELECT 'user' || i, i FROM n");
    const Changes all = ledger_->changes(0);
    EXPECT_EQ(all.users.size(), 100'000u);
    ledger_->insert({bill("1", 5, "user77")});
    EXPECT_THAT(names_of(ledger_->changes(all.until)), UnorderedElementsAre("user77", "dev"));
}

TEST_P(ChangesContract, SayHowManyLettersThereAre)
{
    EXPECT_EQ(ledger_->changes(0).dead_letters, 0u);
    ledger_->bury(bill("1", 5), "why");
    EXPECT_EQ(ledger_->changes(0).dead_letters, 1u);
}

INSTANTIATE_TEST_SUITE_P(All, LettersContract, ledger_implementations(), name_of_implementation);
INSTANTIATE_TEST_SUITE_P(All, ChangesContract, ledger_implementations(), name_of_implementation);

} // namespace
} // namespace turngate::usage
