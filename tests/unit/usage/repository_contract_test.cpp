// What every UsageRepository must do. A new implementation adds one line at the end.
#include "turngate/usage/repository.hpp"

#include "sample_record.hpp"
#include "temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace turngate::usage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Implementation
{
    const char* name;
    std::function<std::unique_ptr<UsageRepository>(const TempDir&)>
        open; // twice on one directory: the same data
};

core::Timestamp at(std::int64_t seconds)
{
    return core::Timestamp(std::chrono::seconds(1'793'534'400 + seconds));
}

UsageRecord record_at(const std::string& uid, std::int64_t seconds)
{
    UsageRecord record = sample_record(uid);
    record.started_at = at(seconds);
    return record;
}

class UsageRepositoryContract : public testing::TestWithParam<Implementation>
{
protected:
    std::vector<std::string> list(const UsageQuery& query)
    {
        std::vector<std::string> uids;
        for (const UsageRecord& record : repository_->list(query).records)
            uids.push_back(record.response_uid);
        return uids;
    }

    std::vector<std::string> names(GroupBy by, const UsageQuery& query = {})
    {
        std::vector<std::string> names;
        for (const UsageSum& sum : repository_->sums(query, by))
            names.push_back(sum.name);
        return names;
    }

    TempDir dir_;
    std::unique_ptr<UsageRepository> repository_ = GetParam().open(dir_);
};

TEST_P(UsageRepositoryContract, KeepsEveryField)
{
    UsageRecord bare;
    bare.response_uid = "bare";
    bare.started_at = at(-1);
    EXPECT_EQ(repository_->insert({sample_record(), bare}), 2u);
    const auto page = repository_->list({});
    ASSERT_EQ(page.records.size(), 2u);
    EXPECT_TRUE(same(page.records[0], sample_record()));
    EXPECT_TRUE(same(page.records[1], bare));
    EXPECT_EQ(page.next_cursor, "");
}

TEST_P(UsageRepositoryContract, HasNothingAtFirst)
{
    EXPECT_THAT(list({}), IsEmpty());
    EXPECT_THAT(names(GroupBy::user), IsEmpty());
    EXPECT_EQ(repository_->insert({}), 0u);
}

TEST_P(UsageRepositoryContract, LeavesAResponseItKnowsAlone)
{
    UsageRecord other = record_at("a", 5);
    other.cost = {999};
    EXPECT_EQ(repository_->insert({record_at("a", 1), record_at("b", 2)}), 2u);
    EXPECT_EQ(repository_->insert({other, record_at("c", 3), record_at("c", 3)}), 1u);
    EXPECT_THAT(list({}), ElementsAre("c", "b", "a"));
    EXPECT_EQ(repository_->list({}).records.back().cost.value, sample_record().cost.value);
}

TEST_P(UsageRepositoryContract, IsThereWhenOpenedAgain)
{
    repository_->insert({record_at("a", 1)});
    repository_.reset();
    repository_ = GetParam().open(dir_);
    EXPECT_THAT(list({}), ElementsAre("a"));
}

TEST_P(UsageRepositoryContract, ShowsOneConnectionWhatAnotherWrote)
{
    const auto other = GetParam().open(dir_);
    repository_->insert({record_at("a", 1)});
    EXPECT_EQ(other->insert({record_at("a", 1), record_at("b", 2)}), 1u);
    EXPECT_THAT(list({}), ElementsAre("b", "a"));
}

TEST_P(UsageRepositoryContract, KeepsTextsThatTryToBeSql)
{
    UsageRecord record = record_at("'; DROP TABLE usage_records; --", 1);
    record.user = "O'Brien \"x\" \u00e9";
    repository_->insert({record});
    EXPECT_THAT(list({.user = record.user}), ElementsAre(record.response_uid));
}

TEST_P(UsageRepositoryContract, PagesWithoutGapsAlsoWhenTimesAreEqualAndRowsArrive)
{
    for (const char* uid : {"a", "b", "c", "d", "e"})
        repository_->insert({record_at(uid, uid[0] == 'a' ? 1 : 2)});
    UsageQuery query{.limit = 2};
    std::vector<std::string> uids;
    do {
        const UsagePage page = repository_->list(query);
        EXPECT_LE(page.records.size(), 2u);
        for (const UsageRecord& record : page.records)
            uids.push_back(record.response_uid);
        query.cursor = page.next_cursor;
        repository_->insert({record_at("new" + query.cursor, 9)});
    } while (!query.cursor.empty());
    EXPECT_THAT(uids, ElementsAre("e", "d", "c", "b", "a"));
}

TEST_P(UsageRepositoryContract, EndsWithAPageThatIsJustFull)
{
    repository_->insert({record_at("a", 1), record_at("b", 2)});
    EXPECT_EQ(repository_->list({.limit = 2}).next_cursor, "");
}

TEST_P(UsageRepositoryContract, RefusesACursorThatIsNoneOfIts)
{
    for (const char* cursor : {"x", "zz", "61", "3132", "2e61"})
        EXPECT_THROW(repository_->list({.cursor = cursor}), std::invalid_argument) << cursor;
}

TEST_P(UsageRepositoryContract, KeepsTheLimitWithinBounds)
{
    std::vector<UsageRecord> records;
    for (int i = 0; i < 1005; ++i)
        records.push_back(record_at("uid-" + std::to_string(i), i));
    EXPECT_EQ(repository_->insert(records), 1005u);
    EXPECT_EQ(list({.limit = 0}).size(), 1u);
    EXPECT_EQ(list({}).size(), 100u);
    EXPECT_EQ(list({.limit = 5000}).size(), 1000u);
}

TEST_P(UsageRepositoryContract, Filters)
{
    UsageRecord other = record_at("other", 10);
    other.user = "team-b";
    other.key = "prod";
    other.account = "azure";
    other.requested_model = "gpt-5";
    repository_->insert({record_at("a", 1), record_at("b", 2), other});

    EXPECT_THAT(list({.since = at(2)}), ElementsAre("other", "b"));
    EXPECT_THAT(list({.until = at(2)}), ElementsAre("a"));
    EXPECT_THAT(list({.since = at(2), .until = at(3)}), ElementsAre("b"));
    EXPECT_THAT(list({.key = "prod"}), ElementsAre("other"));
    EXPECT_THAT(list({.user = "team-a"}), ElementsAre("b", "a"));
    EXPECT_THAT(list({.account = "azure"}), ElementsAre("other"));
    EXPECT_THAT(list({.model = "gpt-5"}), ElementsAre("other"));
    EXPECT_THAT(list({.since = at(2), .user = "team-a"}), ElementsAre("b"));
    EXPECT_THAT(list({.key = "nobody's"}), IsEmpty());
    EXPECT_THAT(names(GroupBy::user, {.until = at(3)}), ElementsAre("team-a"));
}

TEST_P(UsageRepositoryContract, FiltersByRequestTypeBeforeTheOldBoolean)
{
    const std::pair<const char*, RequestType> rows[] = {{"1", RequestType::unknown},
                                                        {"2", RequestType::sync},
                                                        {"3", RequestType::stream},
                                                        {"4", RequestType::ws_v2}};
    for (const auto& [uid, type] : rows) {
        UsageRecord record = record_at(uid, uid[0]);
        record.request_type = type;
        repository_->insert({record});
    }
    EXPECT_THAT(list({.request_type = RequestType::ws_v2}), ElementsAre("4"));
    EXPECT_THAT(list({.request_type = RequestType::unknown}), ElementsAre("1"));
    EXPECT_THAT(list({.stream = true}), ElementsAre("4", "3"));
    EXPECT_THAT(list({.stream = false}), ElementsAre("2", "1"));
    EXPECT_THAT(list({.request_type = RequestType::sync, .stream = true}), ElementsAre("2"));
}

TEST_P(UsageRepositoryContract, SumsUp)
{
    UsageRecord cheap = record_at("a", 1);
    cheap.user = "cheap";
    cheap.cost = {1};
    repository_->insert({cheap, record_at("b", 2), record_at("c", 3)});
    const auto sums = repository_->sums({.limit = 1}, GroupBy::user);
    ASSERT_EQ(sums.size(), 2u);
    EXPECT_EQ(sums[0].name, "team-a");
    EXPECT_EQ(sums[0].responses, 2);
    const protocol::TokenUsage twice{.input = 2000,
                                     .cached = 800,
                                     .cache_write = 200,
                                     .output = 100,
                                     .reasoning = 40,
                                     .total = 2100,
                                     .web_searches = 4};
    EXPECT_EQ(sums[0].tokens, twice);
    EXPECT_EQ(sums[0].cost.value, 5'040'000);
    EXPECT_EQ(sums[0].account_cost.value, 6'300'000);
    EXPECT_EQ(sums[1].name, "cheap");
    EXPECT_EQ(sums[1].cost.value, 1);
}

TEST_P(UsageRepositoryContract, GroupsByEachName)
{
    repository_->insert({record_at("a", 0), record_at("b", 12 * 3600)}); // noon and midnight, UTC
    EXPECT_THAT(names(GroupBy::key), ElementsAre("dev"));
    EXPECT_THAT(names(GroupBy::user), ElementsAre("team-a"));
    EXPECT_THAT(names(GroupBy::group), ElementsAre("default"));
    EXPECT_THAT(names(GroupBy::account), ElementsAre("openai-main"));
    EXPECT_THAT(names(GroupBy::model), ElementsAre("gpt-5.2"));
    EXPECT_THAT(names(GroupBy::day), ElementsAre("2026-11-02", "2026-11-01"));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    UsageRepositoryContract,
    testing::Values(Implementation{
        "Sqlite", [](const TempDir& dir) { return open_sqlite(dir / "data/usage.db"); }}),
    [](const auto& param) { return param.param.name; });

} // namespace
} // namespace turngate::usage
