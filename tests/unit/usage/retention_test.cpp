// What every Ledger does with bills that are old enough to go.
#include "turngate/usage/ledger.hpp"

#include "ledger_implementations.hpp"
#include "sample_record.hpp"
#include "temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace turngate::usage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

core::Timestamp long_ago(std::int64_t seconds)
{
    return core::Timestamp(std::chrono::seconds(1'577'836'800 + seconds));
}

UsageRecord old_bill(const std::string& uid, std::int64_t seconds, std::int64_t cost = 1)
{
    UsageRecord record = sample_record(uid);
    record.user = "ada";
    record.key = "a";
    record.started_at = long_ago(seconds);
    record.cost = {cost};
    return record;
}

class Retention : public testing::TestWithParam<Implementation>
{
protected:
    std::vector<std::string> left()
    {
        std::vector<std::string> uids;
        for (const UsageRecord& record : ledger_->list({.limit = 1000}).records)
            uids.push_back(record.response_uid);
        return uids;
    }
    std::int64_t spent() { return ledger_->balances().users.at(0).spent.value; }
    std::int64_t used() { return ledger_->balances().keys.at(0).used.value; }

    TempDir dir_;
    std::unique_ptr<Ledger> ledger_ = GetParam().open(dir_);
};

TEST_P(Retention, DeletesWhatStartedBeforeAndLeavesBalancesAlone)
{
    ledger_->insert({old_bill("a", 1, 5), old_bill("b", 2, 6), old_bill("c", 3, 7)});
    const std::int64_t revision = ledger_->balances().users.at(0).revision;
    EXPECT_EQ(ledger_->retire(long_ago(3)), 2u);
    EXPECT_THAT(left(), ElementsAre("c"));
    EXPECT_EQ(spent(), 18);
    EXPECT_EQ(used(), 18);
    EXPECT_EQ(ledger_->balances().users.at(0).revision, revision);
    ledger_->insert({old_bill("d", 9, 1)});
    EXPECT_EQ(spent(), 19);
    EXPECT_TRUE(ledger_->balance_differences().empty());
}

TEST_P(Retention, GoesInPortionsAlsoWhenTimesAreEqual)
{
    for (int i = 0; i < 9; ++i)
        ledger_->insert({old_bill("uid-" + std::to_string(i), i < 6 ? 1 : 2, 0)});
    EXPECT_EQ(ledger_->retire(long_ago(9), 2), 9u);
    EXPECT_THAT(left(), IsEmpty());
}

TEST_P(Retention, HasNothingToDoASecondTime)
{
    EXPECT_EQ(ledger_->retire(long_ago(0)), 0u);
    ledger_->insert({old_bill("a", 1), old_bill("b", 2)});
    EXPECT_EQ(ledger_->retire(long_ago(2)), 1u);
    EXPECT_EQ(ledger_->retire(long_ago(2)), 0u);
    EXPECT_EQ(ledger_->retire(long_ago(3)), 1u);
    EXPECT_EQ(spent(), 2);
}

TEST_P(Retention, RetiresBillsOfNobodyToo)
{
    UsageRecord nobodys = old_bill("a", 1);
    nobodys.user = nobodys.key = "";
    ledger_->insert({nobodys});
    EXPECT_EQ(ledger_->retire(long_ago(2)), 1u);
    EXPECT_THAT(ledger_->balances().users, IsEmpty());
}

TEST_P(Retention, RemembersHowFarItWent)
{
    EXPECT_EQ(ledger_->retired_before(), std::nullopt);
    ledger_->retire(long_ago(5));
    EXPECT_EQ(ledger_->retired_before(), long_ago(5));
    ledger_->retire(long_ago(3));
    EXPECT_EQ(ledger_->retired_before(), long_ago(5));
    ledger_->retire(long_ago(7));
    EXPECT_EQ(ledger_->retired_before(), long_ago(7));
}

TEST_P(Retention, RefusesToTouchTheLastDay)
{
    using std::chrono::hours;
    ledger_->insert({old_bill("a", 1)});
    EXPECT_THROW(ledger_->retire(core::wall_now() - hours(23)), std::invalid_argument);
    EXPECT_THROW(ledger_->retire(core::wall_now() + hours(23)), std::invalid_argument);
    EXPECT_EQ(ledger_->retired_before(), std::nullopt);
    EXPECT_THAT(left(), ElementsAre("a"));
    EXPECT_EQ(ledger_->retire(core::wall_now() - hours(25)), 1u);
}

TEST_P(Retention, LosesNoMoneyWhileBillsComeIn)
{
    constexpr int kBatches = 40;
    constexpr int kEach = 25;
    std::jthread gateway([this] {
        const auto ledger = GetParam().open(dir_);
        for (int batch = 0; batch < kBatches; ++batch) {
            std::vector<UsageRecord> records;
            for (int i = 0; i < kEach; ++i) {
                const int number = batch * kEach + i;
                records.push_back(old_bill("uid-" + std::to_string(number), number % 7));
                records.back().user = "user-" + std::to_string(i % 5);
                records.back().key = "key-" + std::to_string(i % 3);
            }
            EXPECT_NO_THROW(ledger->insert(records));
        }
    });
    std::size_t retired = 0;
    while (retired < kBatches * kEach)
        retired += ledger_->retire(long_ago(7), 100);
    gateway.join();
    EXPECT_THAT(left(), IsEmpty());
    std::int64_t spent = 0;
    for (const UserBalance& user : ledger_->balances().users)
        spent += user.spent.value;
    EXPECT_EQ(spent, kBatches * kEach);
    EXPECT_TRUE(ledger_->balance_differences().empty());
}

INSTANTIATE_TEST_SUITE_P(All, Retention, ledger_implementations(), name_of_implementation);

} // namespace
} // namespace turngate::usage
