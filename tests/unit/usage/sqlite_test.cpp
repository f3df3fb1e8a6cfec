#include "migration.hpp"
#include "sample_record.hpp"
#include "sqlite_database.hpp"
#include "sqlite_migrate.hpp"
#include "temp_dir.hpp"
#include "turngate/core/id.hpp"
#include "turngate/usage/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
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

namespace fs = std::filesystem;

fs::perms mode_of(const std::string& path)
{
    return fs::status(path).permissions();
}

TEST(Sqlite, IsMadeForNobodyElseToRead)
{
    const TempDir dir;
    const auto ledger = open_sqlite(dir / "a/b/usage.db");
    ledger->insert({sample_record()});
    EXPECT_EQ(mode_of(dir / "a"), fs::perms::owner_all);
    EXPECT_EQ(mode_of(dir / "a/b"), fs::perms::owner_all);
    for (const char* file : {"a/b/usage.db", "a/b/usage.db-wal"})
        EXPECT_EQ(mode_of(dir / file), fs::perms::owner_read | fs::perms::owner_write) << file;
}

TEST(Sqlite, LeavesTheModeOfWhatIsThere)
{
    const TempDir dir;
    write_file(dir / "usage.db", "");
    fs::permissions(dir / "usage.db", fs::perms(0644));
    open_sqlite(dir / "usage.db");
    EXPECT_EQ(mode_of(dir / "usage.db"), fs::perms(0644));
}

TEST(Sqlite, IsNeitherMadeNorMigratedByWhoOnlyReadsOrWrites)
{
    const TempDir dir;
    for (const Opening opening : {Opening::to_read, Opening::to_write}) {
        EXPECT_THAT([&] { open_sqlite(dir / "none/usage.db", opening); },
                    ThrowsMessage<std::runtime_error>(HasSubstr("there is no database")));
        EXPECT_FALSE(fs::exists(dir / "none"));
        write_file(dir / "empty.db", "");
        EXPECT_THAT([&] { open_sqlite(dir / "empty.db", opening); },
                    ThrowsMessage<std::runtime_error>(HasSubstr("no tables of turngate")));
        EXPECT_EQ(fs::file_size(dir / "empty.db"), 0u);
    }
    {
        SqliteDatabase old(dir / "old.db");
        migrate(old, {sqlite_migrations().files.first(5)});
    }
    EXPECT_THAT([&] { open_sqlite(dir / "old.db", Opening::to_read); },
                ThrowsMessage<std::runtime_error>(HasSubstr("turngate migrate")));
}

TEST(Sqlite, IsReadWithoutAChange)
{
    const TempDir dir;
    open_sqlite(dir / "usage.db")->insert({sample_record()});
    const auto reading = open_sqlite(dir / "usage.db", Opening::to_read);
    EXPECT_EQ(reading->list({}).records.size(), 1u);
    EXPECT_EQ(reading->sums({}, GroupBy::user).size(), 1u);
    EXPECT_THROW(reading->insert({sample_record("b")}), std::runtime_error);
    const auto writing = open_sqlite(dir / "usage.db", Opening::to_write);
    EXPECT_EQ(writing->insert({sample_record("b")}), 1u);
    EXPECT_EQ(reading->list({}).records.size(), 2u);
}

// What a database of earlier versions has comes along: numbered as it settled, and summed up.
TEST(Sqlite, NumbersAndSumsUpTheBillsOfEarlierVersions)
{
    const TempDir dir;
    {
        SqliteDatabase old(dir / "usage.db");
        migrate(old, {sqlite_migrations().files.first(5)});
        for (const char* uid : {"second", "first", "third"}) {
            old.run(
                "INSERT INTO usage_records VALUES ('" + std::string(uid) +
                "', 't', 'r', 'ada', 'k', 'g', 'a', 'm', 'm', '', '', 3, 10, 1, 1, 1, 1, 11, 0, "
                "0, '', 0, 1, '', '', '', 1000000, 5, 6, 0, NULL, 1, " +
                "86400000000 * " + (uid[0] == 's' ? "2" : "1") + ", '', '', '')");
        }
        old.run("UPDATE users SET credit_nano_usd = 7; INSERT INTO users (name, credit_nano_usd, "
                "spent_nano_usd) VALUES ('bob', 7, 0)");
    }
    const auto ledger = open_sqlite(dir / "usage.db");
    const auto records = ledger->list({.after = 0}).records;
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[0].response_uid, "second");
    EXPECT_EQ(records[2].response_uid, "third");
    EXPECT_EQ(records[2].upstream_transport, UpstreamTransport::ws); // there was nothing else
    const auto sums = ledger->sums({}, GroupBy::day);
    ASSERT_EQ(sums.size(), 2u);
    EXPECT_EQ(sums[1].responses, 2);
    EXPECT_EQ(sums[1].tokens.input, 20);
    EXPECT_EQ(ledger->credit_book("bob", 9).at(0).credit, core::NanoUsd{7});
}

} // namespace
} // namespace turngate::usage
