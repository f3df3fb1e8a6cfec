#include "postgres_connection.hpp"

#include "migration.hpp"
#include "postgres_migrate.hpp"
#include "postgres_server.hpp"
#include "turngate/usage/repository.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace turngate::usage {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr Migration kFirst{1, "0001_first.sql", "CREATE TABLE first (x integer);"};
constexpr Migration kSecond{2, "0002_second.sql", "ALTER TABLE first ADD COLUMN y integer;"};
constexpr Migration kIndex{2,
                           "0002_first_x_concurrently.sql",
                           "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS first_x ON first (x);"};

// A schema of its own for each test.
class PostgresTest : public testing::Test
{
protected:
    PostgresConnection connect(std::chrono::milliseconds patience = 10s)
    {
        return {url_, dog_, patience};
    }
    void migrate(std::span<const Migration> files) { migrate_postgres(url_, dog_, {files}); }
    std::int64_t number(const std::string& sql) { return connect().ask(sql).at(0).take_int(); }
    std::int64_t applied() { return number("SELECT count(*) FROM schema_migrations"); }

    static inline int count_ = 0;
    const std::string schema_ = "test_" + std::to_string(++count_);
    const std::string url_ = postgres_server().schema(schema_);
    Watchdog dog_;
};

TEST_F(PostgresTest, GivesBackWhatItWasGiven)
{
    auto rows = connect().ask(
        "SELECT $1::text, $2::bigint, $3::bigint, $4::text",
        SqlValues().give("O'Brien \u00e9").give(INT64_MIN).give(std::nullopt).give(""));
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].take_text(), "O'Brien \u00e9");
    EXPECT_EQ(rows[0].take_int(), INT64_MIN);
    EXPECT_EQ(rows[0].take_maybe_int(), std::nullopt);
    EXPECT_EQ(rows[0].take_text(), "");
}

TEST_F(PostgresTest, TellsBadDataFromABadDatabase)
{
    auto connection = connect();
    EXPECT_THROW(connection.ask("SELECT $1::int", SqlValues().give("x")), RecordRefused);
    EXPECT_TRUE(connection.is_usable());
    EXPECT_THAT([&] { connection.ask("SELECT * FROM nothing"); },
                ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("42P01"), HasSubstr("nothing"))));
    EXPECT_FALSE(connection.is_usable());
}

TEST_F(PostgresTest, ThatIsNotThereSaysSo)
{
    EXPECT_THAT([&] { PostgresConnection("host=/nowhere user=x", dog_, 10s); },
                ThrowsMessage<std::runtime_error>(HasSubstr("/nowhere")));
}

TEST_F(PostgresTest, ThatHungUpIsNotUsedAgainNorReplacedUnseen)
{
    auto connection = connect();
    const std::int64_t backend = connection.ask("SELECT pg_backend_pid()").at(0).take_int();
    connect().ask("SELECT pg_terminate_backend($1::int, 10000)", SqlValues().give(backend));
    EXPECT_FALSE(connection.is_usable());
    EXPECT_THROW(connection.ask("SELECT 1"), std::runtime_error);
}

TEST_F(PostgresTest, ThatIsSilentIsCutOff)
{
    auto connection = connect(200ms);
    const auto backend =
        static_cast<pid_t>(connection.ask("SELECT pg_backend_pid()").at(0).take_int());
    ::kill(backend, SIGSTOP);
    EXPECT_THROW(connection.ask("SELECT 1"), std::runtime_error);
    ::kill(backend, SIGCONT);
}

TEST_F(PostgresTest, IsCutOffAtOnceWhenTold)
{
    auto connection = connect(0ms);
    auto other = connect();
    const std::int64_t backend = connection.ask("SELECT pg_backend_pid()").at(0).take_int();
    std::jthread cutter([&] {
        const std::string asleep = "SELECT count(*) FROM pg_stat_activity "
                                   "WHERE pid = $1 AND wait_event = 'PgSleep'";
        while (other.ask(asleep, SqlValues().give(backend)).at(0).take_int() == 0) {
        }
        dog_.cut_all();
    });
    EXPECT_THROW(connection.ask("SELECT pg_sleep(60)"), std::runtime_error);
    cutter.join(); // the server sleeps on, unless it is told
    other.ask("SELECT pg_terminate_backend($1::int, 10000)", SqlValues().give(backend));
}

TEST_F(PostgresTest, IsMigratedOnceAndLaterOnesAdded)
{
    const Migration both[] = {kFirst, kSecond};
    migrate(std::span(both).first(1));
    migrate(both);
    migrate(both);
    EXPECT_EQ(applied(), 2);
    connect().run_alone("INSERT INTO first (x, y) VALUES (1, 2)");
}

TEST_F(PostgresTest, IsNotMigratedByAFileThatChanged)
{
    migrate({&kFirst, 1});
    Migration changed = kFirst;
    changed.sql = "CREATE TABLE first (y integer);";
    EXPECT_THAT([&] { migrate({&changed, 1}); },
                ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("0001_first.sql"),
                                                        HasSubstr(checksum_of(kFirst)),
                                                        HasSubstr(checksum_of(changed)))));
}

TEST_F(PostgresTest, KeepsNothingOfAFileThatFails)
{
    const Migration broken[] = {kFirst,
                                {2, "0002_broken.sql", "CREATE TABLE half (x integer); nonsense;"}};
    EXPECT_THROW(migrate(broken), std::runtime_error);
    EXPECT_EQ(applied(), 1);
    EXPECT_EQ(number("SELECT count(*) FROM pg_tables WHERE schemaname = '" + schema_ +
                     "' AND tablename = 'half'"),
              0);
    const Migration mended[] = {kFirst, kSecond};
    migrate(mended);
    EXPECT_EQ(applied(), 2);
}

TEST_F(PostgresTest, IsMigratedByOneOfManyAlsoWhenAnIndexIsBuiltBesideTheWork)
{
    const Migration all[] = {kFirst, kIndex};
    std::vector<std::jthread> processes;
    for (int i = 0; i < 4; ++i)
        processes.emplace_back([&] { EXPECT_NO_THROW(migrate(all)); });
    processes.clear();
    EXPECT_EQ(applied(), 2);
    EXPECT_EQ(number("SELECT indisvalid::int FROM pg_index WHERE indexrelid = 'first_x'::regclass"),
              1);
}

TEST_F(PostgresTest, MakesAnIndexAnewThatWasLeftInvalid)
{
    const Migration all[] = {kFirst, kIndex};
    migrate({&kFirst, 1});
    connect().run_alone("INSERT INTO first VALUES (1), (1)");
    EXPECT_THROW(migrate(all), std::runtime_error); // it is to be unique: an invalid one is left
    EXPECT_EQ(number("SELECT indisvalid::int FROM pg_index WHERE indexrelid = 'first_x'::regclass"),
              0);
    EXPECT_EQ(applied(), 1);
    connect().run_alone("DELETE FROM first");
    migrate(all);
    EXPECT_EQ(number("SELECT indisvalid::int FROM pg_index WHERE indexrelid = 'first_x'::regclass"),
              1);
    EXPECT_EQ(applied(), 2);
}

TEST_F(PostgresTest, HasEmbeddedMigrationsWithoutGaps)
{
    int number = 0;
    for (const Migration& file : postgres_migrations().files)
        EXPECT_EQ(file.number, ++number) << file.name;
    EXPECT_GE(number, 1);
    migrate(postgres_migrations().files);
    EXPECT_EQ(applied(), number);
}

} // namespace
} // namespace turngate::usage
