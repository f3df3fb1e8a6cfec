#include "books.hpp"

#include "turngate/usage/ledger.hpp"

#include "unit/app/heard_budgets.hpp"
#include "unit/usage/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace turngate::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// SQLite, of whose file the books have ledgers of their own: what they read is written past them.
class BooksTest : public testing::Test
{
protected:
    BooksTest() { books.start(); }

    std::unique_ptr<usage::Ledger> open()
    {
        if (is_away)
            throw std::runtime_error("away");
        if (is_foreign)
            throw usage::ForeignSchema("newer");
        return usage::open_sqlite(path);
    }

    void read() { EXPECT_TRUE(books.read_now(10s)); }

    usage::TempDir directory;
    const std::string path = directory / "usage.db";
    std::atomic<bool> is_away{false};
    std::atomic<bool> is_foreign{false};
    std::atomic<int> changes{0};
    HeardBudgets budgets;
    telemetry::Metrics metrics;
    Spendings spendings{{budgets, directory / "books", [](const auto&) {}, {}}};
    Books books{{[this] { return open(); }, spendings, metrics, [this] { ++changes; }}};
};

TEST_F(BooksTest, SayWhenKeysOrCreditsHaveChangedAndNotWhenSomethingWasSpent)
{
    read();
    const int before = changes;
    usage::UsageRecord bill;
    bill.response_uid = "one";
    bill.user = "alice";
    bill.cost = {1'000};
    usage::open_sqlite(path)->insert({bill});
    read();
    EXPECT_EQ(changes, before);
    usage::open_sqlite(path)->set_credit("alice", core::NanoUsd{5});
    read();
    EXPECT_EQ(changes, before + 1);
    EXPECT_EQ(spendings.registry()->credits.at("alice").value, 5);
    usage::open_sqlite(path)->set_credit("alice", std::nullopt);
    read();
    EXPECT_EQ(changes, before + 2);
    EXPECT_TRUE(spendings.registry()->credits.empty());
}

TEST_F(BooksTest, KnowWhatTheyKnewWhileTheRepositoryIsAway)
{
    usage::open_sqlite(path)->set_credit("alice", core::NanoUsd{5});
    read();
    is_away = true;
    read();
    EXPECT_EQ(spendings.registry()->credits.at("alice").value, 5);
    EXPECT_FALSE(books.foreign_schema());
    is_away = false;
    usage::open_sqlite(path)->set_credit("alice", core::NanoUsd{6});
    read();
    EXPECT_EQ(spendings.registry()->credits.at("alice").value, 6);
}

TEST_F(BooksTest, SayWhenAKeyHasExpired)
{
    usage::StoredKey key;
    key.name = "short";
    key.digest = core::sha256("short");
    key.expires = core::wall_now() + 1s;
    usage::open_sqlite(path)->create_key(key);
    read();
    const int before = changes;
    do // no change of any row says so
        read();
    while (core::wall_now() < *key.expires);
    read();
    EXPECT_EQ(changes, before + 1);
    EXPECT_TRUE(spendings.registry()->keys.empty());
}

TEST_F(BooksTest, SayThatTheRepositoryIsAnotherPrograms)
{
    is_foreign = true;
    read();
    EXPECT_EQ(books.foreign_schema(), "newer");
    is_foreign = false;
    read();
    EXPECT_FALSE(books.foreign_schema());
}

TEST_F(BooksTest, CountDeadLetters)
{
    usage::UsageRecord bill;
    bill.response_uid = "one";
    usage::open_sqlite(path)->bury(bill, "why");
    read();
    EXPECT_EQ(books.dead_letters(), 1u);
    EXPECT_THAT(metrics.render(), HasSubstr("turngate_dead_letters 1"));
}

} // namespace
} // namespace turngate::app
