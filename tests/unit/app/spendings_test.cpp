#include "spendings.hpp"

#include "turngate/usage/ledger.hpp"

#include "unit/app/heard_budgets.hpp"
#include "unit/usage/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace turngate::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

usage::UsageRecord bill(const std::string& uid, std::int64_t cost = 1)
{
    usage::UsageRecord record;
    record.response_uid = uid;
    record.key = "dev";
    record.user = "alice";
    record.cost = {cost};
    return record;
}

// A repository in a file, a journal that is a vector, and lives of a process that knows them.
class SpendingsTest : public testing::Test
{
protected:
    struct Life
    {
        explicit Life(SpendingsTest& test, std::vector<usage::UsageRecord> lately = {})
            : spendings({budgets,
                         test.file,
                         [&test](const usage::TakeRecords& take) { take(test.journal); },
                         std::move(lately)})
        {
        }

        HeardBudgets budgets;
        Spendings spendings;
    };

    bool learn(Life& life) { return life.spendings.learn(ledger->changes(0), true); }

    // From the journal, as the settler does; or until the process dies after it has told.
    void settle(Life& life, bool dies = false)
    {
        if (journal.empty())
            return;
        life.spendings.settled(journal, ledger->settle(journal));
        if (!dies)
            journal.clear();
    }

    usage::TempDir directory;
    const std::string file = directory / "books";
    std::unique_ptr<usage::Ledger> ledger = usage::open_sqlite(directory / "usage.db");
    std::vector<usage::UsageRecord> journal;
};

TEST_F(SpendingsTest, TellBudgetsOfThoseWithALimitWhatSettledWithTheSumsThatHaveIt)
{
    Life life(*this);
    learn(life);
    life.spendings.watch({"key/dev"});
    EXPECT_THAT(life.budgets.take(), ElementsAre(Report{"key/dev", 0, {}}));
    journal = {bill("one", 5), bill("two", 7)};
    settle(life);
    EXPECT_THAT(life.budgets.take(), ElementsAre(Report{"key/dev", 12, {"one", "two"}}));
}

TEST_F(SpendingsTest, GiveALimitThatComesLaterWhatWasSpentAndWhatWaits)
{
    Life life(*this);
    learn(life);
    life.spendings.watch({});
    journal = {bill("one", 5)};
    settle(life);
    journal = {bill("two", 7)};
    EXPECT_THAT(life.budgets.take(), IsEmpty()) << "nobody has a limit";
    life.spendings.watch({"user/alice"});
    EXPECT_THAT(life.budgets.take(), ElementsAre(Report{"user/alice", 5, {}}));
    EXPECT_THAT(life.budgets.charged(), ElementsAre("user/alice two 7"));
    life.spendings.watch({"user/alice"});
    EXPECT_THAT(life.budgets.charged(), IsEmpty()) << "once";
}

TEST_F(SpendingsTest, OfANextLifeKnowWhatWasKnownThoughTheRepositoryIsAway)
{
    ledger->set_credit("alice", core::NanoUsd{100});
    usage::StoredKey key;
    key.name = "stored";
    key.digest = core::sha256("secret");
    key.user = "alice";
    key.group = "default";
    key.rpm = 3;
    ledger->create_key(key);
    {
        Life life(*this);
        learn(life);
        life.spendings.watch({"user/alice"});
        journal = {bill("one", 5)};
        settle(life);
        journal = {bill("two", 7)}; // and the process dies
    }
    Life life(*this);
    life.spendings.watch({"user/alice"});
    EXPECT_THAT(life.budgets.take(), ElementsAre(Report{"user/alice", 5, {}}));
    EXPECT_THAT(life.budgets.charged(), ElementsAre("user/alice two 7"));
    const auto registry = life.spendings.registry();
    ASSERT_TRUE(registry);
    EXPECT_FALSE(registry->is_current);
    EXPECT_EQ(registry->credits.at("alice").value, 100);
    ASSERT_EQ(registry->keys.size(), 1u);
    EXPECT_EQ(registry->keys[0].digest, key.digest);
    EXPECT_EQ(registry->keys[0].rpm, 3);
    EXPECT_TRUE(learn(life)) << "it is current now";
    EXPECT_TRUE(life.spendings.registry()->is_current);
}

TEST_F(SpendingsTest, CountNoBillTwiceThatWasSettledJustBeforeTheProcessDied)
{
    {
        Life life(*this);
        learn(life);
        life.spendings.watch({"user/alice"});
        journal = {bill("one", 5)};
        settle(life, true);
    }
    Life life(*this);
    life.spendings.watch({"user/alice"});
    EXPECT_THAT(life.budgets.charged(), IsEmpty());
    EXPECT_THAT(life.budgets.take(), ElementsAre(Report{"user/alice", 5, {"one"}}))
        << "a shared state may have it as a charge";
}

TEST_F(SpendingsTest, TellASharedStateWhatItMayNotHaveHeardOfTheLastLife)
{
    ledger->insert({bill("one", 5)});
    Life life(*this, {bill("one", 5)});
    life.spendings.watch({"key/dev"});
    EXPECT_THAT(life.budgets.take(), IsEmpty()) << "nothing is known";
    learn(life);
    EXPECT_THAT(life.budgets.take(), ElementsAre(Report{"key/dev", 5, {"one"}}));
}

TEST_F(SpendingsTest, BelieveTheRepositoryWhenItIsAnother)
{
    {
        Life life(*this);
        learn(life);
        journal = {bill("one", 5), bill("two", 6)};
        settle(life);
    }
    ledger = usage::open_sqlite(directory / "another.db");
    ledger->insert({bill("three", 1)});
    Life life(*this);
    learn(life);
    life.spendings.watch({"user/alice"});
    EXPECT_THAT(life.budgets.take(), ElementsAre(Report{"user/alice", 1, {}}));
}

TEST_F(SpendingsTest, KnowNothingWithoutARepositoryAndAFile)
{
    Life life(*this);
    EXPECT_FALSE(life.spendings.registry());
    learn(life);
    EXPECT_TRUE(life.spendings.registry());
}

TEST_F(SpendingsTest, LeaveOutWhatIsDamagedInTheirFileWhichIsTheirOwnersAlone)
{
    {
        Life life(*this);
        learn(life);
        journal = {bill("one", 5)};
        settle(life);
    }
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(file).permissions(), perms::owner_read | perms::owner_write);
    std::ofstream(file, std::ios::app) << "12345678 {\"user\":\"alice\",\"spent\":0}\ntorn";
    Life life(*this);
    life.spendings.watch({"user/alice"});
    EXPECT_THAT(life.budgets.take(), ElementsAre(Report{"user/alice", 5, {}}));
}

TEST_F(SpendingsTest, WriteAsMuchAsHasChanged)
{
    for (int i = 0; i < 1'000; ++i)
        ledger->set_credit("user" + std::to_string(i), core::NanoUsd{i});
    Life life(*this);
    learn(life);
    const auto all = std::filesystem::file_size(file);
    EXPECT_FALSE(learn(life));
    EXPECT_EQ(std::filesystem::file_size(file), all) << "nothing has changed";
    journal = {bill("one", 5)};
    settle(life);
    EXPECT_LT(std::filesystem::file_size(file), all + 500);
    const std::vector<usage::UsageRecord> batch(500, bill(std::string(100, 'u'), 1));
    for (int i = 0; i < 100; ++i)
        life.spendings.settled(batch, {.count = 1, .users = {{"alice", {i}, i + 5}}, .keys = {}});
    EXPECT_LT(std::filesystem::file_size(file), 3 * all + (2 << 20)) << "written anew now and then";
}

} // namespace
} // namespace turngate::app
