#include "migration.hpp"
#include "sample_record.hpp"
#include "sqlite_database.hpp"
#include "sqlite_migrate.hpp"
#include "temp_dir.hpp"
#include "turngate/core/id.hpp"
#include "turngate/usage/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace turngate::usage {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr Migration kFirst{1, "0001_first.sql", "CREATE TABLE first (x INTEGER);"};
constexpr Migration kSecond{2, "0002_second.sql", "ALTER TABLE first ADD COLUMN y INTEGER;"};

TEST(Migrations, EmbeddedAreNumberedWithoutGaps)
{
    int number = 0;
    for (const Migration& migration : sqlite_migrations().files)
        EXPECT_EQ(migration.number, ++number) << migration.name;
    EXPECT_GE(number, 1);
}

TEST(Migrations, AreAppliedOnceAndLaterOnesAdded)
{
    const TempDir dir;
    SqliteDatabase database(dir / "db");
    const Migration both[] = {kFirst, kSecond};
    migrate(database, {std::span(both).first(1)});
    migrate(database, {both});
    migrate(database, {both});
    database.run("INSERT INTO first (x, y) VALUES (1, 2)");
    auto rows = database.prepare("SELECT count(*) FROM schema_migrations");
    ASSERT_TRUE(rows.step());
    EXPECT_EQ(rows.take_int(), 2);
}

TEST(Migrations, ThatChangedAfterTheyWereAppliedAreNamedWithBothChecksums)
{
    const TempDir dir;
    SqliteDatabase database(dir / "db");
    migrate(database, {std::span(&kFirst, 1)});
    Migration changed = kFirst;
    changed.sql = "CREATE TABLE first (y INTEGER);";
    EXPECT_THAT(
        [&] { migrate(database, {std::span(&changed, 1)}); },
        ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("0001_first.sql"),
                                                HasSubstr(core::sha256(kFirst.sql).hex()),
                                                HasSubstr(core::sha256(changed.sql).hex()))));
}

TEST(Migrations, ThatChangedAreTakenWhenTheListHasBothChecksums)
{
    const TempDir dir;
    SqliteDatabase database(dir / "db");
    migrate(database, {std::span(&kFirst, 1)});
    Migration changed = kFirst;
    changed.sql = "CREATE TABLE first (x INTEGER); -- a word of explanation";
    const std::string before = checksum_of(kFirst);
    const std::string now = checksum_of(changed);
    const Compatible right{kFirst.name, before, now};
    migrate(database, {std::span(&changed, 1), std::span(&right, 1)});
    const Compatible wrong[] = {
        {kSecond.name, before, now}, {kFirst.name, now, now}, {kFirst.name, before, before}};
    EXPECT_THROW(migrate(database, {std::span(&changed, 1), wrong}), std::runtime_error);
}

TEST(Migrations, OfANewerProgramAreRefused)
{
    const TempDir dir;
    SqliteDatabase database(dir / "db");
    const Migration both[] = {kFirst, kSecond};
    migrate(database, {both});
    EXPECT_THAT([&] { migrate(database, {std::span(both).first(1)}); },
                ThrowsMessage<std::runtime_error>(HasSubstr("0002_second.sql")));
}

TEST(Migrations, ThatFailLeaveNothingBehind)
{
    const TempDir dir;
    SqliteDatabase database(dir / "db");
    const Migration broken[] = {kFirst,
                                {2, "0002_broken.sql", "CREATE TABLE half (x INTEGER); nonsense;"}};
    EXPECT_THROW(migrate(database, {broken}), std::runtime_error);
    EXPECT_THROW(database.run("SELECT * FROM first"), std::runtime_error);
    const Migration mended[] = {kFirst, kSecond};
    migrate(database, {mended});
    database.run("SELECT y FROM first");
}

TEST(Sqlite, IsOpenedByManyAtOnce)
{
    const TempDir dir;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&dir, i] {
            const auto repository = open_sqlite(dir / "new/usage.db");
            EXPECT_EQ(repository->insert({sample_record("uid-" + std::to_string(i))}), 1u);
        });
    threads.clear();
    EXPECT_EQ(open_sqlite(dir / "new/usage.db")->list({}).records.size(), 4u);
}

TEST(Sqlite, LetsReadersInWhileItWrites)
{
    const TempDir dir;
    open_sqlite(dir / "usage.db");
    SqliteDatabase database(dir / "usage.db");
    auto mode = database.prepare("PRAGMA journal_mode");
    ASSERT_TRUE(mode.step());
    EXPECT_EQ(mode.take_text(), "wal");
}

TEST(Sqlite, GivesUpInTime)
{
    const TempDir dir;
    const core::Deadline soon = core::Clock::now() + std::chrono::milliseconds(50);
    SqliteDatabase database(dir / "usage.db");
    database.give_up_at(soon);
    auto endless =
        database.prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                         "SELECT count(*) FROM n");
    EXPECT_THROW(endless.step(), OutOfTime);
    EXPECT_GE(core::Clock::now(), soon);
    const core::Deadline never = core::Deadline::max();
    database.give_up_at(never);
    database.run("CREATE TABLE fine (x INTEGER)");
}

TEST(Sqlite, ThatCannotBeOpenedSaysWhichFile)
{
    const TempDir dir;
    write_file(dir / "file", "");
    EXPECT_THAT([&] { open_sqlite(dir / "file/usage.db"); },
                ThrowsMessage<std::runtime_error>(HasSubstr(dir / "file")));
    write_file(dir / "text.db", std::string(8192, 'x'));
    EXPECT_THAT([&] { open_sqlite(dir / "text.db"); },
                ThrowsMessage<std::runtime_error>(HasSubstr(dir / "text.db")));
}

} // namespace
} // namespace turngate::usage
