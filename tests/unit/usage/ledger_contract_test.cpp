// What every Ledger must do.
#include "turngate/usage/ledger.hpp"

#include "ledger_implementations.hpp"
#include "sample_record.hpp"
#include "temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

namespace turngate::usage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

class LedgerContract : public testing::TestWithParam<Implementation>
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
    std::unique_ptr<Ledger> repository_ = GetParam().open(dir_);
};

TEST_P(LedgerContract, KeepsEveryField)
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

TEST_P(LedgerContract, HasNothingAtFirst)
{
    EXPECT_THAT(list({}), IsEmpty());
    EXPECT_THAT(names(GroupBy::user), IsEmpty());
    EXPECT_EQ(repository_->insert({}), 0u);
}

TEST_P(LedgerContract, LeavesAResponseItKnowsAlone)
{
    UsageRecord other = record_at("a", 5);
    other.cost = {999};
    EXPECT_EQ(repository_->insert({record_at("a", 1), record_at("b", 2)}), 2u);
    EXPECT_EQ(repository_->insert({other, record_at("c", 3), record_at("c", 3)}), 1u);
    EXPECT_THAT(list({}), ElementsAre("c", "b", "a"));
    EXPECT_EQ(repository_->list({}).records.back().cost.value, sample_record().cost.value);
}

TEST_P(LedgerContract, IsThereWhenOpenedAgain)
{
    repository_->insert({record_at("a", 1)});
    repository_.reset();
    repository_ = GetParam().open(dir_);
    EXPECT_THAT(list({}), ElementsAre("a"));
}

TEST_P(LedgerContract, ShowsOneConnectionWhatAnotherWrote)
{
    const auto other = GetParam().open(dir_);
    repository_->insert({record_at("a", 1)});
    EXPECT_EQ(other->insert({record_at("a", 1), record_at("b", 2)}), 1u);
    EXPECT_THAT(list({}), ElementsAre("b", "a"));
}

TEST_P(LedgerContract, KeepsTextsThatTryToBeSql)
{
    UsageRecord record = record_at("'; DROP TABLE usage_records; --", 1);
    record.user = "O'Brien \"x\" \u00e9";
    repository_->insert({record});
    EXPECT_THAT(list({.user = record.user}), ElementsAre(record.response_uid));
}

TEST_P(LedgerContract, PagesWithoutGapsAlsoWhenTimesAreEqualAndRowsArrive)
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

TEST_P(LedgerContract, EndsWithAPageThatIsJustFull)
{
    repository_->insert({record_at("a", 1), record_at("b", 2)});
    EXPECT_EQ(repository_->list({.limit = 2}).next_cursor, "");
}

TEST_P(LedgerContract, RefusesACursorThatIsNoneOfIts)
{
    for (const char* cursor : {"x", "zz", "61", "3132", "2e61"})
        EXPECT_THROW(repository_->list({.cursor = cursor}), std::invalid_argument) << cursor;
}

TEST_P(LedgerContract, KeepsTheLimitWithinBounds)
{
    std::vector<UsageRecord> records;
    for (int i = 0; i < 1005; ++i)
        records.push_back(record_at("uid-" + std::to_string(i), i));
    EXPECT_EQ(repository_->insert(records), 1005u);
    EXPECT_EQ(list({.limit = 0}).size(), 1u);
    EXPECT_EQ(list({}).size(), 100u);
    EXPECT_EQ(list({.limit = 5000}).size(), 1000u);
}

TEST_P(LedgerContract, Filters)
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

TEST_P(LedgerContract, FiltersByRequestTypeBeforeTheOldBoolean)
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

TEST_P(LedgerContract, SumsUp)
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

TEST_P(LedgerContract, GroupsByEachName)
{
    repository_->insert({record_at("a", 0), record_at("b", 12 * 3600)}); // noon and midnight, UTC
    EXPECT_THAT(names(GroupBy::key), ElementsAre("dev"));
    EXPECT_THAT(names(GroupBy::user), ElementsAre("team-a"));
    EXPECT_THAT(names(GroupBy::group), ElementsAre("default"));
    EXPECT_THAT(names(GroupBy::account), ElementsAre("openai-main"));
    EXPECT_THAT(names(GroupBy::model), ElementsAre("gpt-5.2"));
    EXPECT_THAT(names(GroupBy::day), ElementsAre("2026-11-02", "2026-11-01"));
}

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

UsageRecord bill(const std::string& uid,
                 const std::string& user,
                 const std::string& key,
                 std::int64_t cost)
{
    UsageRecord record = sample_record(uid);
    record.user = user;
    record.key = key;
    record.cost = {cost};
    return record;
}

std::string text_of(const Balances& balances)
{
    std::string text;
    for (const UserBalance& user : balances.users)
        text += user.user + (user.credit ? "/" + std::to_string(user.credit->value) : "") + "=" +
                std::to_string(user.spent.value) + " ";
    for (const KeyBalance& key : balances.keys)
        text += key.key + (key.quota ? "/" + std::to_string(key.quota->value) : "") + "=" +
                std::to_string(key.used.value) + " ";
    return text;
}

TEST_P(LedgerContract, MovesBalancesWithTheBillsThatAreNew)
{
    EXPECT_EQ(text_of(repository_->balances()), "");
    repository_->insert({bill("1", "ada", "a1", 5), bill("2", "ada", "a2", 7)});
    repository_->insert(
        {bill("2", "ada", "a2", 7), bill("3", "bob", "b", 1), bill("3", "x", "x", 9)});
    EXPECT_EQ(text_of(repository_->balances()), "ada=12 bob=1 a1=5 a2=7 b=1 ");
}

std::int64_t revision_of(const Balances& balances, const std::string& user)
{
    const auto row = std::ranges::find(balances.users, user, &UserBalance::user);
    return row == balances.users.end() ? -1 : row->revision;
}

TEST_P(LedgerContract, TellsTheNewerOfTwoBalancesByTheirRevisions)
{
    repository_->set_credit("ada", core::NanoUsd{100});
    StoredKey key;
    key.name = "a1";
    key.digest = core::sha256("a1");
    repository_->create_key(key);
    const Balances none = repository_->balances();
    EXPECT_EQ(revision_of(none, "ada"), 0);
    EXPECT_EQ(none.keys.at(0).revision, 0);

    repository_->insert({bill("1", "ada", "a1", 5), bill("2", "bob", "b", 0)});
    const Balances first = repository_->balances();
    EXPECT_GT(revision_of(first, "ada"), 0);
    EXPECT_GT(revision_of(first, "bob"), 0);
    EXPECT_GT(first.keys.at(0).revision, 0);

    repository_->insert({bill("1", "ada", "a1", 5), bill("3", "ada", "a1", -5)});
    const Balances second = repository_->balances();
    EXPECT_GT(revision_of(second, "ada"), revision_of(first, "ada"));
    EXPECT_GT(second.keys.at(0).revision, first.keys.at(0).revision);
    EXPECT_EQ(revision_of(second, "bob"), revision_of(first, "bob"));
}

TEST_P(LedgerContract, LeavesRevisionsAloneWhenNothingMoves)
{
    repository_->insert({bill("1", "ada", "a1", 5)});
    const std::int64_t before = revision_of(repository_->balances(), "ada");
    repository_->insert({bill("1", "ada", "a1", 5)});
    repository_->set_credit("ada", core::NanoUsd{100});
    EXPECT_EQ(revision_of(repository_->balances(), "ada"), before);
}

TEST_P(LedgerContract, HasNoBalanceForNobody)
{
    repository_->insert({bill("1", "", "", 5)});
    EXPECT_EQ(text_of(repository_->balances()), "");
    EXPECT_EQ(repository_->list({}).records.size(), 1u);
}

TEST_P(LedgerContract, KeepsCreditBesideWhatWasSpent)
{
    repository_->set_credit("ada", core::NanoUsd{100});
    repository_->insert({bill("1", "ada", "", 5), bill("2", "bob", "", 6)});
    repository_->set_credit("bob", core::NanoUsd{kMost});
    repository_->set_credit("bob", core::NanoUsd{-1});
    EXPECT_EQ(text_of(repository_->balances()), "ada/100=5 bob/-1=6 ");
    repository_->set_credit("ada", std::nullopt);
    EXPECT_EQ(text_of(repository_->balances()), "ada=5 bob/-1=6 ");
}

TEST_P(LedgerContract, KnowsAUserByCreditAlone)
{
    repository_->set_credit("ada", core::NanoUsd{100});
    repository_->set_credit("bob", std::nullopt);
    EXPECT_EQ(text_of(repository_->balances()), "ada/100=0 bob=0 ");
    EXPECT_TRUE(repository_->balance_differences().empty());
}

TEST_P(LedgerContract, KeepsWhatWasSpentAndRetiredWhateverBecomesOfTheCredit)
{
    UsageRecord old = bill("1", "ada", "a", 5);
    old.started_at = core::Timestamp(std::chrono::days(18'000));
    const auto other = GetParam().open(dir_);
    repository_->set_credit("ada", core::NanoUsd{100});
    other->insert({old, bill("2", "ada", "a", 6)});
    repository_->set_credit("ada", core::NanoUsd{50});
    EXPECT_EQ(other->retire(old.started_at + std::chrono::seconds(1)), 1u);
    repository_->set_credit("ada", core::NanoUsd{40});
    other->insert({bill("3", "ada", "a", 7)});
    EXPECT_EQ(text_of(repository_->balances()), "ada/40=18 a=18 ");
    EXPECT_TRUE(repository_->balance_differences().empty());
}

TEST_P(LedgerContract, KnowsWhichBillsItHas)
{
    repository_->insert({record_at("a", 1), record_at("it's", 2)});
    repository_->bury(sample_record("bad"), "why");
    EXPECT_THAT(repository_->missing({}), IsEmpty());
    EXPECT_THAT(repository_->missing({"x", "a", "it's", "bad", "", "y"}),
                ElementsAre("x", "", "y"));
    std::vector<std::string> many(1000, "a");
    many.back() = "z";
    EXPECT_THAT(repository_->missing(many), ElementsAre("z"));
}

TEST_P(LedgerContract, RefusesABatchWholeForARecordThatDoesNotFit)
{
    repository_->insert({bill("1", "ada", "a", 5)});
    EXPECT_THROW(repository_->insert({bill("2", "ada", "a", 1), bill("3", "ada", "a", kMost)}),
                 RecordRefused);
    EXPECT_THAT(list({}), ElementsAre("1"));
    EXPECT_EQ(text_of(repository_->balances()), "ada=5 a=5 ");
    EXPECT_EQ(repository_->insert({bill("2", "ada", "a", 1)}), 1u); // and is well afterwards
}

TEST_P(LedgerContract, TakesTheMostThatAnyFieldCanHold)
{
    UsageRecord most = sample_record();
    for (auto* field : {&most.tokens.input, &most.tokens.cached, &most.tokens.cache_write})
        *field = kMost;
    for (auto* field : {&most.tokens.output, &most.tokens.reasoning, &most.tokens.total})
        *field = std::numeric_limits<std::int64_t>::min();
    most.attempts = std::numeric_limits<std::int32_t>::min();
    most.multiplier.value = kMost;
    most.cost.value = kMost;
    most.first_token_ms = kMost;
    most.started_at = core::Timestamp(std::chrono::microseconds(kMost));
    for (auto* text : {&most.turn_id, &most.reason, &most.user_agent, &most.routing})
        text->assign(100'000, '\'');
    most.user = "\\\"\n\t\x01\u00e9\U0001f600";
    EXPECT_EQ(repository_->insert({most}), 1u);
    const auto back = repository_->list({.user = most.user});
    ASSERT_EQ(back.records.size(), 1u);
    EXPECT_TRUE(back.records[0].tokens == most.tokens);
    EXPECT_EQ(back.records[0].started_at, most.started_at);
    EXPECT_EQ(back.records[0].attempts, most.attempts);
    EXPECT_EQ(back.records[0].routing, most.routing);
    EXPECT_EQ(text_of(repository_->balances()),
              most.user + "=" + std::to_string(kMost) + " dev=" + std::to_string(kMost) + " ");
}

TEST_P(LedgerContract, KeepsDeadLettersOnceWithTheirReason)
{
    UsageRecord bad = sample_record("bad \xff\xfe uid");
    bad.reason = std::string("nul \0 here", 10);
    bad.key.assign(100'000, 'k');
    repository_->bury(bad, "no \xff such thing");
    repository_->bury(bad, "no such thing");
    repository_->bury(sample_record("other"), "why");
    EXPECT_THAT(list({}), IsEmpty());
    EXPECT_EQ(repository_->dead_letter_count(), 2);
    const auto letters = repository_->dead_letters(10);
    ASSERT_EQ(letters.size(), 2u);
    EXPECT_EQ(repository_->dead_letters(1).size(), 1u);
    const DeadLetter& first = letters[0].response_uid == "other" ? letters[1] : letters[0];
    EXPECT_EQ(first.response_uid, "bad \ufffd\ufffd uid");
    EXPECT_EQ(first.reason, "no \ufffd such thing");
    EXPECT_NE(first.record.find(R"("upstream_response_id":"resp_1")"), std::string::npos);
    EXPECT_GT(first.refused_at.time_since_epoch().count(), 0);
}

StoredKey sample_key(const std::string& name)
{
    StoredKey key;
    key.name = name;
    key.digest = core::sha256("secret of " + name);
    key.user = "ada";
    key.group = "default";
    key.quota = core::NanoUsd{10'000'000'000};
    key.rpm = 600;
    key.tpm = 1'000'000;
    key.expires = at(1000);
    key.created = at(0);
    return key;
}

TEST_P(LedgerContract, KeepsKeys)
{
    StoredKey bare;
    bare.name = "bare";
    bare.digest = core::sha256("bare");
    EXPECT_TRUE(repository_->create_key(sample_key("dev")));
    EXPECT_TRUE(repository_->create_key(bare));
    repository_->insert({bill("1", "ada", "dev", 5), bill("2", "ada", "of the file", 6)});
    const auto keys = repository_->keys();
    ASSERT_EQ(keys.size(), 2u);
    EXPECT_EQ(keys[0].name, "bare");
    EXPECT_EQ(keys[0].quota, std::nullopt);
    EXPECT_EQ(keys[0].expires, std::nullopt);
    EXPECT_EQ(keys[0].rpm, 0);
    const StoredKey& dev = keys[1];
    EXPECT_EQ(dev.name, "dev");
    EXPECT_EQ(dev.digest, core::sha256("secret of dev"));
    EXPECT_EQ(dev.user, "ada");
    EXPECT_EQ(dev.group, "default");
    EXPECT_EQ(dev.quota, core::NanoUsd{10'000'000'000});
    EXPECT_EQ(dev.rpm, 600);
    EXPECT_EQ(dev.tpm, 1'000'000);
    EXPECT_EQ(dev.expires, at(1000));
    EXPECT_EQ(dev.revoked, std::nullopt);
    EXPECT_EQ(dev.created, at(0));
    EXPECT_EQ(dev.used, core::NanoUsd{5});
    EXPECT_EQ(repository_->find_key("dev"), dev);
    EXPECT_EQ(repository_->find_key("of the file"), std::nullopt);
    EXPECT_EQ(repository_->find_user("ada").value().spent.value, 11);
    EXPECT_FALSE(repository_->find_user("bob"));
    EXPECT_EQ(text_of(repository_->balances()), "ada=11 bare=0 dev/10000000000=5 of the file=6 ");
}

TEST_P(LedgerContract, GivesANameAndASecretToOneKeyOnly)
{
    EXPECT_TRUE(repository_->create_key(sample_key("dev")));
    StoredKey same_name = sample_key("dev");
    same_name.digest = core::sha256("another");
    EXPECT_FALSE(repository_->create_key(same_name));
    StoredKey same_secret = sample_key("dev");
    same_secret.name = "prod";
    EXPECT_FALSE(repository_->create_key(same_secret));
}

TEST_P(LedgerContract, GivesTheNameOfARevokedKeyToANewOneWithItsBills)
{
    repository_->create_key(sample_key("dev"));
    repository_->insert({bill("1", "ada", "dev", 5)});
    EXPECT_TRUE(repository_->revoke_key("dev", at(1)));
    StoredKey next;
    next.name = "dev";
    next.digest = core::sha256("another");
    next.user = "bob";
    next.created = at(2);
    EXPECT_TRUE(repository_->create_key(next));
    next.used = {5};
    EXPECT_THAT(repository_->keys(), ElementsAre(next)); // nothing is left of the old one
    EXPECT_FALSE(repository_->create_key(sample_key("dev")));
}

TEST_P(LedgerContract, ChangesWhatItIsToldToOfAKey)
{
    StoredKey key = sample_key("dev");
    repository_->create_key(key);
    EXPECT_TRUE(repository_->change_key("dev", {.quota = core::NanoUsd{7}, .tpm = 9}));
    key.quota = core::NanoUsd{7};
    key.tpm = 9;
    EXPECT_THAT(repository_->keys(), ElementsAre(key));
    KeyChange none;
    none.quota.emplace();
    none.expires.emplace();
    none.rpm = 0;
    EXPECT_TRUE(repository_->change_key("dev", none));
    key.quota.reset();
    key.expires.reset();
    key.rpm = 0;
    EXPECT_THAT(repository_->keys(), ElementsAre(key));
    EXPECT_TRUE(repository_->change_key("dev", {}));
    EXPECT_THAT(repository_->keys(), ElementsAre(key));
}

TEST_P(LedgerContract, ChangesNoKeyThatIsNotLive)
{
    repository_->insert({bill("1", "ada", "of the file", 5)});
    repository_->create_key(sample_key("dev"));
    repository_->revoke_key("dev", at(1));
    for (const char* name : {"dev", "of the file", "nobody's"}) {
        EXPECT_FALSE(repository_->change_key(name, {.rpm = 1})) << name;
        EXPECT_FALSE(repository_->change_key(name, {})) << name;
    }
}

std::string text_of(const std::vector<CreditEntry>& book)
{
    const auto amount = [](const auto& value) {
        return value ? std::to_string(value->value) : std::string("-");
    };
    std::string text;
    for (const CreditEntry& entry : book)
        text += entry.user + " " + amount(entry.added) + " " + amount(entry.credit) + " " +
                entry.reason.by + ": " + entry.reason.note + "\n";
    return text;
}

TEST_P(LedgerContract, KeepsABookOfCredits)
{
    const auto before = core::wall_now();
    EXPECT_EQ(repository_->add_credit("ada", {25}, {"root", "first"}).value, 25);
    EXPECT_EQ(repository_->add_credit("ada", {-5}, {"root", "too much"}).value, 20);
    repository_->set_credit("ada", core::NanoUsd{100}, {"eve", "a\xff"});
    repository_->set_credit("bob", std::nullopt);
    EXPECT_EQ(text_of(repository_->balances()), "ada/100=0 bob=0 ");
    const auto book = repository_->credit_book("ada", 10);
    EXPECT_EQ(text_of(book),
              "ada - 100 eve: a\ufffd\n"
              "ada -5 20 root: too much\n"
              "ada 25 25 root: first\n");
    EXPECT_GE(book.back().made, before);
    EXPECT_EQ(repository_->credit_book("ada", 1).size(), 1u);
    EXPECT_EQ(text_of(repository_->credit_book("bob", 10)), "bob - - : \n");
    EXPECT_EQ(repository_->add_credit("bob", {3}, {}).value, 3); // from no limit
}

TEST_P(LedgerContract, RefusesACreditThatDoesNotFitAndEntersNothing)
{
    repository_->add_credit("ada", {kMost}, {});
    EXPECT_THROW(repository_->add_credit("ada", {1}, {}), RecordRefused);
    EXPECT_EQ(repository_->credit_book("ada", 10).size(), 1u);
    EXPECT_EQ(repository_->add_credit("ada", {-1}, {}).value, kMost - 1);
}

TEST_P(LedgerContract, AddsUpWhatIsPaidInAtTheSameTime)
{
    std::vector<std::jthread> tills;
    for (int till = 0; till < 4; ++till)
        tills.emplace_back([this, till] {
            const auto ledger = GetParam().open(dir_);
            for (int i = 0; i < 10; ++i)
                ledger->add_credit("ada", {1}, {"till " + std::to_string(till), ""});
        });
    tills.clear();
    EXPECT_EQ(text_of(repository_->balances()), "ada/40=0 ");
    EXPECT_EQ(repository_->credit_book("ada", 100).size(), 40u);
}

TEST_P(LedgerContract, LeavesAKeyWhatItsNameHasUsedBefore)
{
    repository_->insert({bill("1", "ada", "dev", 5)});
    EXPECT_THAT(repository_->keys(), IsEmpty());
    EXPECT_TRUE(repository_->create_key(sample_key("dev")));
    EXPECT_EQ(repository_->keys().at(0).used, core::NanoUsd{5});
}

TEST_P(LedgerContract, RevokesAKeyOnce)
{
    repository_->insert({bill("1", "ada", "of the file", 5)});
    repository_->create_key(sample_key("dev"));
    EXPECT_TRUE(repository_->revoke_key("dev", at(7)));
    EXPECT_FALSE(repository_->revoke_key("dev", at(8)));
    EXPECT_FALSE(repository_->revoke_key("of the file", at(8)));
    EXPECT_FALSE(repository_->revoke_key("nobody's", at(8)));
    EXPECT_EQ(repository_->keys().at(0).revoked, at(7));
}

std::vector<std::int64_t> settled(Ledger& ledger, std::int64_t after)
{
    std::vector<std::int64_t> all;
    for (const UsageRecord& record : ledger.list({.limit = 1000, .after = after}).records)
        all.push_back(record.settled_seq);
    return all;
}

TEST_P(LedgerContract, PagesByTheOrderOfSettling)
{
    repository_->insert({record_at("late", 3), record_at("early", 1)});
    repository_->insert({record_at("late", 3), record_at("earliest", 0)});
    EXPECT_THAT(list({.after = 0}), ElementsAre("late", "early", "earliest"));
    const UsagePage page = repository_->list({.limit = 2, .after = 0});
    ASSERT_EQ(page.records.size(), 2u);
    EXPECT_EQ(page.next_cursor, "");
    EXPECT_GT(page.records[0].settled_seq, 0);
    EXPECT_THAT(list({.after = page.records[1].settled_seq}), ElementsAre("earliest"));
    EXPECT_THAT(list({.since = at(1), .after = 0}), ElementsAre("late", "early"));
    EXPECT_THROW(repository_->list({.cursor = "00", .after = 0}), std::invalid_argument);
}

TEST_P(LedgerContract, NeverGivesANumberAgain)
{
    repository_->insert({record_at("a", 1), record_at("b", 2)});
    const std::int64_t last = repository_->list({}).records.at(0).settled_seq;
    repository_->retire(at(3));
    repository_->insert({record_at("c", 4)});
    EXPECT_GT(repository_->list({}).records.at(0).settled_seq, last);
}

// Who reads on from the last number that was seen must not miss one that comes to light later.
TEST_P(LedgerContract, NumbersBillsInTheOrderInWhichTheyCanBeSeen)
{
    std::atomic<bool> is_over = false;
    std::vector<std::jthread> gateways;
    for (int gateway = 0; gateway < 4; ++gateway)
        gateways.emplace_back([this, gateway] {
            const auto ledger = GetParam().open(dir_);
            for (int batch = 0; batch < 20; ++batch) {
                std::vector<UsageRecord> records;
                for (int i = 0; i < 5; ++i)
                    records.push_back(record_at(std::to_string(gateway) + "-" +
                                                    std::to_string(batch) + "-" + std::to_string(i),
                                                i));
                ledger->insert(records);
            }
        });
    std::vector<std::int64_t> seen;
    std::jthread reader([&] {
        const auto ledger = GetParam().open(dir_);
        for (bool is_last = false; !is_last;) {
            is_last = is_over;
            for (const std::int64_t number : settled(*ledger, seen.empty() ? 0 : seen.back()))
                seen.push_back(number);
        }
    });
    gateways.clear();
    is_over = true;
    reader.join();
    EXPECT_EQ(seen.size(), 400u);
    EXPECT_EQ(seen, settled(*repository_, 0));
}

TEST_P(LedgerContract, SumsUpWholeDaysAndWhatIsBesideThem)
{
    constexpr std::int64_t day = 86'400; // at(0) is noon
    for (const auto& [uid, seconds] : {std::pair{"a", -day / 2},
                                       std::pair{"b", std::int64_t{0}},
                                       std::pair{"c", day / 2 - 1},
                                       std::pair{"d", day / 2},
                                       std::pair{"e", day},
                                       std::pair{"f", day + day / 2}}) {
        UsageRecord record = record_at(uid, seconds);
        record.cost = {1};
        repository_->insert({record});
    }
    const auto count = [&](std::optional<std::int64_t> since, std::optional<std::int64_t> until) {
        UsageQuery query;
        if (since)
            query.since = at(*since);
        if (until)
            query.until = at(*until);
        const auto sums = repository_->sums(query, GroupBy::user);
        const auto listed = static_cast<std::int64_t>(repository_->list(query).records.size());
        EXPECT_EQ(sums.empty() ? 0 : sums[0].responses, listed);
        EXPECT_EQ(sums.empty() ? 0 : sums[0].cost.value, listed);
        return listed;
    };
    EXPECT_EQ(count({}, {}), 6);
    EXPECT_EQ(count(-day / 2, {}), 6);
    EXPECT_EQ(count(-day / 2 + 1, {}), 5);
    EXPECT_EQ(count(1, {}), 4);
    EXPECT_EQ(count(0, day), 3);
    EXPECT_EQ(count(0, day + 1), 4);
    EXPECT_EQ(count(0, 1), 1);
    EXPECT_EQ(count({}, day / 2), 3);
    EXPECT_EQ(count({}, day / 2 + 1), 4);
    EXPECT_EQ(count(2 * day, {}), 0);
    EXPECT_EQ(count(day, 0), 0);
}

// Pages by filters that no index has are looked for where there are some.
TEST_P(LedgerContract, PagesThroughWhatSeveralFiltersLeave)
{
    constexpr std::int64_t day = 86'400;
    std::vector<std::string> all;
    for (int i = 0; i < 12; ++i) {
        UsageRecord record = record_at(std::to_string(100 + i), (i / 3) * 2 * day + i);
        record.request_type = i % 3 == 0 ? RequestType::sync : RequestType::ws_v2;
        if (i % 3 == 0)
            all.insert(all.begin(), record.response_uid);
        repository_->insert({record});
    }
    for (const UsageQuery& base : {UsageQuery{.request_type = RequestType::sync, .limit = 1},
                                   UsageQuery{.user = "team-a", .stream = false, .limit = 3}}) {
        UsageQuery query = base;
        std::vector<std::string> paged;
        do {
            const UsagePage page = repository_->list(query);
            for (const UsageRecord& record : page.records)
                paged.push_back(record.response_uid);
            query.cursor = page.next_cursor;
        } while (!query.cursor.empty());
        EXPECT_EQ(paged, all);
    }
    EXPECT_THAT(list({.since = at(1), .until = at(4 * day + 7), .stream = false}),
                ElementsAre("106", "103"));
    EXPECT_THAT(list({.key = "dev", .model = "none"}), IsEmpty());
    EXPECT_THAT(list({.request_type = RequestType::unknown}), IsEmpty());
}

TEST_P(LedgerContract, SumsUpByEachFilter)
{
    UsageRecord other = record_at("b", 2);
    other.user = other.key = other.group = other.account = other.requested_model = "other";
    other.request_type = RequestType::sync;
    other.cost = {1};
    repository_->insert({record_at("a", 1), other});
    for (const UsageQuery& query : {UsageQuery{.key = "other"},
                                    UsageQuery{.user = "other"},
                                    UsageQuery{.account = "other"},
                                    UsageQuery{.model = "other"},
                                    UsageQuery{.request_type = RequestType::sync},
                                    UsageQuery{.stream = false}})
        EXPECT_THAT(names(GroupBy::group, query), ElementsAre("other"));
    EXPECT_THAT(names(GroupBy::key, {.stream = true}), ElementsAre("dev"));
}

TEST_P(LedgerContract, SumsUpNothingThatWasRetired)
{
    repository_->insert({record_at("a", 1), record_at("b", 86'400)});
    repository_->retire(at(2));
    EXPECT_THAT(names(GroupBy::day), ElementsAre("2026-11-02"));
    repository_->insert({record_at("c", 3)});
    EXPECT_THAT(names(GroupBy::day), ElementsAre("2026-11-02", "2026-11-01"));
}

// A bill is not refused for what it comes to together with others.
TEST_P(LedgerContract, TakesFiguresThatHaveNoSum)
{
    for (const char* uid : {"a", "b", "c"}) {
        UsageRecord record = record_at(uid, 1);
        record.cost = {0};
        record.tokens.input = kMost;
        record.tokens.output = std::numeric_limits<std::int64_t>::min();
        record.account_cost = {kMost};
        EXPECT_EQ(repository_->insert({record}), 1u);
    }
    EXPECT_THAT(list({}), ElementsAre("c", "b", "a"));
}

TEST_P(LedgerContract, FindsAResponseThatIsBilledTwice)
{
    UsageRecord none = record_at("none", 1);
    none.upstream_response_id = "";
    UsageRecord same = none;
    same.response_uid = "none, too";
    UsageRecord elsewhere = record_at("elsewhere", 1);
    elsewhere.account = "another";
    repository_->insert({record_at("a", 1), none, same, elsewhere});
    EXPECT_THAT(repository_->billed_twice(10), IsEmpty());
    repository_->insert({record_at("b", 2)});
    const auto doubles = repository_->billed_twice(10);
    ASSERT_EQ(doubles.size(), 1u);
    EXPECT_EQ(doubles[0].upstream_response_id, "resp_1");
    EXPECT_EQ(doubles[0].account, "openai-main");
    EXPECT_EQ(doubles[0].bills, 2);
    EXPECT_EQ(doubles[0].cost.value, 2 * sample_record().cost.value);
}

INSTANTIATE_TEST_SUITE_P(All, LedgerContract, ledger_implementations(), name_of_implementation);

} // namespace
} // namespace turngate::usage
