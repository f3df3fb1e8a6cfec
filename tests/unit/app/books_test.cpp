#include "books.hpp"

#include "turngate/usage/ledger.hpp"

#include "unit/usage/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace turngate::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Report
{
    std::string subject;
    std::int64_t revision;
    std::vector<std::string> uids;

    bool operator==(const Report&) const = default;
};

void PrintTo(const Report& report, std::ostream* out)
{
    *out << report.subject << " r" << report.revision << " " << report.uids.size() << " bills";
}

// What was heard of each subject, in one reading or, when the books' own came between, in several.
class HeardBudgets final : public state::Budgets
{
public:
    std::vector<Report> take()
    {
        const std::lock_guard lock(mutex_);
        std::vector<Report> all;
        for (auto& [subject, report] : std::exchange(heard_, {}))
            all.push_back(std::move(report));
        return all;
    }

    net::Task<core::Result<state::Hold>> hold(state::HoldRequest) override
    {
        co_return core::Fault{core::FaultCode::quota_exceeded};
    }
    void report(std::string_view subject,
                state::Spending spent,
                const std::vector<std::string>& uids) override
    {
        const std::lock_guard lock(mutex_);
        Report& heard = heard_[std::string(subject)];
        heard.subject = subject;
        heard.revision = spent.revision;
        heard.uids.insert(heard.uids.end(), uids.begin(), uids.end());
    }
    std::vector<core::NanoUsd> held(const std::vector<std::string>& subjects) override
    {
        return std::vector<core::NanoUsd>(subjects.size());
    }

private:
    std::mutex mutex_;
    std::map<std::string, Report> heard_;
};

// SQLite, in memory of its own: what the books read is written through another ledger.
class BooksTest : public testing::Test
{
protected:
    BooksTest() : books({[this] { return open(); }, budgets, [this] { ++changes; }}) {}

    void SetUp() override { read(); } // not to be met by the books' own first reading

    std::unique_ptr<usage::Ledger> open()
    {
        if (is_away)
            throw std::runtime_error("away");
        return usage::open_sqlite(path);
    }

    usage::UsageRecord bill(const std::string& uid)
    {
        usage::UsageRecord record;
        record.response_uid = uid;
        record.key = "dev";
        record.user = "alice";
        record.cost = {1'000};
        usage::open_sqlite(path)->insert({record});
        books.settled({record});
        return record;
    }

    std::vector<Report> read()
    {
        EXPECT_TRUE(books.read_now(10s));
        return budgets.take();
    }

    usage::TempDir directory;
    const std::string path = directory / "usage.db";
    std::atomic<bool> is_away{false};
    std::atomic<int> changes{0};
    HeardBudgets budgets;
    Books books;
};

TEST_F(BooksTest, TellWhatWasSpentAlsoOfThoseWithoutALimit)
{
    EXPECT_THAT(read(), IsEmpty());
    bill("one");
    EXPECT_THAT(read(),
                UnorderedElementsAre(Report{"key/dev", 1, {}}, Report{"user/alice", 1, {}}));
    EXPECT_THAT(read(), IsEmpty()) << "it is no news";
    bill("two");
    EXPECT_THAT(read(),
                UnorderedElementsAre(Report{"key/dev", 2, {}}, Report{"user/alice", 2, {}}));
}

TEST_F(BooksTest, TellWhichBillsHaveArrivedOfThoseWithALimit)
{
    books.watch({"key/dev"});
    bill("one");
    bill("two");
    EXPECT_THAT(
        read(),
        UnorderedElementsAre(Report{"key/dev", 2, {"one", "two"}}, Report{"user/alice", 2, {}}));
    books.watch({"user/alice"}); // a limit more; none is forgotten
    bill("three");
    EXPECT_THAT(
        read(),
        UnorderedElementsAre(Report{"key/dev", 3, {"three"}}, Report{"user/alice", 3, {"three"}}));
}

TEST_F(BooksTest, KeepWhatTheyHaveToTellUntilTheRepositoryIsBack)
{
    books.watch({"key/dev"});
    is_away = true;
    bill("one");
    EXPECT_THAT(read(), IsEmpty());
    is_away = false;
    bill("two");
    EXPECT_THAT(
        read(),
        UnorderedElementsAre(Report{"key/dev", 2, {"one", "two"}}, Report{"user/alice", 2, {}}));
}

TEST_F(BooksTest, SayWhenKeysOrCreditsHaveChanged)
{
    read();
    const int before = changes;
    bill("one");
    read();
    EXPECT_EQ(changes, before) << "what was spent is no change";
    usage::open_sqlite(path)->set_credit("alice", core::NanoUsd{5});
    read();
    EXPECT_EQ(changes, before + 1);
    EXPECT_EQ(books.registry()->credits.at("alice").value, 5);
}

} // namespace
} // namespace turngate::app
