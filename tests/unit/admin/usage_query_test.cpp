#include "query.hpp"
#include "usage_query.hpp"

#include <gtest/gtest.h>

namespace turngate::admin {
namespace {

using namespace std::chrono_literals;

const core::Timestamp kNow(1'793'534'400'000'000us); // 2026-11-01T12:00:00Z

UsageRequest read(std::string_view query)
{
    return read_usage_request(read_query(query), kNow);
}

TEST(UsageQuery, IsAllWhenNothingIsAsked)
{
    for (const char* query : {"", "&", "&&"}) {
        const UsageRequest request = read(query);
        EXPECT_EQ(request.complaint, "") << query;
        EXPECT_FALSE(request.by);
        EXPECT_FALSE(request.query.since);
        EXPECT_FALSE(request.query.until);
        EXPECT_FALSE(request.query.request_type);
        EXPECT_FALSE(request.query.stream);
        EXPECT_EQ(request.query.limit, 100u);
        EXPECT_EQ(request.query.key, "");
    }
}

TEST(UsageQuery, TakesEveryFilter)
{
    const UsageRequest request =
        read("since=24h&until=2026-11-01T06:00:00Z&key=dev&user=alice&account=main&model=gpt-5.2"
             "&request_type=stream&stream=true&limit=7&cursor=abc&by=model&after=12");
    EXPECT_EQ(request.complaint, "");
    EXPECT_EQ(request.query.since, kNow - 24h);
    EXPECT_EQ(request.query.until, kNow - 6h);
    EXPECT_EQ(request.query.key, "dev");
    EXPECT_EQ(request.query.user, "alice");
    EXPECT_EQ(request.query.account, "main");
    EXPECT_EQ(request.query.model, "gpt-5.2");
    EXPECT_EQ(request.query.request_type, usage::RequestType::stream);
    EXPECT_EQ(request.query.stream, true);
    EXPECT_EQ(request.query.limit, 7u);
    EXPECT_EQ(request.query.cursor, "abc");
    EXPECT_EQ(request.query.after, 12);
    EXPECT_EQ(request.by, usage::GroupBy::model);
}

TEST(UsageQuery, KnowsAllNames)
{
    for (const auto by : {usage::GroupBy::key,
                          usage::GroupBy::user,
                          usage::GroupBy::group,
                          usage::GroupBy::account,
                          usage::GroupBy::model,
                          usage::GroupBy::day})
        EXPECT_EQ(read("by=" + std::string(usage::name_of(by))).by, by);
    for (const auto type : {usage::RequestType::unknown,
                            usage::RequestType::sync,
                            usage::RequestType::stream,
                            usage::RequestType::ws_v2})
        EXPECT_EQ(read("request_type=" + std::string(usage::name_of(type))).query.request_type,
                  type);
    EXPECT_EQ(read("stream=1").query.stream, true);
    EXPECT_EQ(read("stream=0").query.stream, false);
    EXPECT_EQ(read("stream=false").query.stream, false);
}

TEST(UsageQuery, DecodesNamesAndValues)
{
    EXPECT_EQ(read("user=alice+b%C3%B6b").query.user,
              "alice b\xc3\xb6"
              "b");
    EXPECT_EQ(read("%75ser=a%26b%3Dc").query.user, "a&b=c");
    EXPECT_EQ(read("since=2026-11-01T14%3A00%3A00%2B02:00").query.since, kNow);
    EXPECT_EQ(read("since=2026-11-01T20:00:00+08:00").query.since, kNow); // a bare `+`
    EXPECT_EQ(read("since=2026-11-01T20:00:00.5+08:00").query.since, kNow + 500ms);
    EXPECT_EQ(read("until=2026-11-01T20%3A00%3A00+08%3A00&user=x+y").query.until, kNow);
    EXPECT_EQ(read("user=built+08:00").query.user, "built 08:00");
    EXPECT_EQ(read("user=100%").query.user, "100%");
    EXPECT_EQ(read("user=%4").query.user, "%4");
    EXPECT_EQ(read("user=%zz").query.user, "%zz");
    EXPECT_EQ(read("user=a=b").query.user, "a=b");
    EXPECT_EQ(read("user").query.user, "");
}

TEST(UsageQuery, ComplainsOfWhatItDoesNotUnderstand)
{
    const std::pair<const char*, const char*> cases[] = {
        {"since=yesterday", "since"},
        {"since=", "since"},
        {"until=2026-13-01", "until"},
        {"by=colour", "by"},
        {"by=", "by"},
        {"request_type=ws", "request_type"},
        {"stream=maybe", "stream"},
        {"stream=", "stream"},
        {"limit=0", "limit"},
        {"limit=1001", "limit"},
        {"limit=-1", "limit"},
        {"limit=ten", "limit"},
        {"limit=10x", "limit"},
        {"limit=", "limit"},
        {"after=", "after"},
        {"after=-1", "after"},
        {"after=x", "after"},
        {"limit=99999999999999999999", "limit"},
        {"secret=1", "secret"},
        {"Since=24h", "Since"},
        {"user=a&wrong=1&limit=0", "wrong"}, // the first
    };
    for (const auto& [query, name] : cases) {
        const UsageRequest request = read(query);
        EXPECT_TRUE(request.complaint.starts_with(std::string(name) + ":"))
            << query << " → " << request.complaint;
    }
    EXPECT_EQ(read("limit=1").complaint, "");
    EXPECT_EQ(read("limit=1000").complaint, "");
}

} // namespace
} // namespace turngate::admin
