#include "turngate/usage/report.hpp"

#include "sample_record.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace turngate::usage {
namespace {

UsageSum sum_of(const std::string& name, std::int64_t cost)
{
    UsageSum sum;
    sum.name = name;
    sum.responses = 2;
    sum.tokens = {.input = 2000,
                  .cached = 800,
                  .cache_write = 200,
                  .output = 100,
                  .reasoning = 40,
                  .total = 2100,
                  .web_searches = 4};
    sum.cost = {cost};
    sum.account_cost = {1'000'000'000};
    return sum;
}

TEST(Report, GivesAPageAsJson)
{
    EXPECT_EQ(to_json(UsagePage{}), R"({"data":[],"next_cursor":null})");
    UsagePage page;
    page.records = {sample_record("a"), sample_record("b")};
    page.next_cursor = "abc";
    EXPECT_EQ(to_json(page),
              "{\"data\":[" + to_json(page.records[0]) + "," + to_json(page.records[1]) +
                  "],\"next_cursor\":\"abc\"}");
}

TEST(Report, GivesSumsAsJson)
{
    EXPECT_EQ(to_json(std::vector<UsageSum>{}, GroupBy::day), R"({"data":[]})");
    EXPECT_EQ(
        to_json({sum_of("team-a", 5'040'000)}, GroupBy::user),
        R"({"data":[{"user":"team-a","responses":2,"input_tokens":2000,"cached_tokens":800,)"
        R"("cache_write_tokens":200,"output_tokens":100,"reasoning_tokens":40,"total_tokens":2100,)"
        R"("cost_nano_usd":5040000,"account_cost_nano_usd":1000000000}]})");
}

constexpr const char* kRecordNames =
    "response_uid,turn_id,upstream_response_id,user,key,group,account,requested_model,"
    "upstream_model,lane,session,request_type,upstream_transport,settled_seq,stream,openai_ws_mode,"
    "input_tokens,cached_tokens,cache_write_tokens,output_tokens,reasoning_tokens,total_tokens,"
    "status,reason,estimated,"
    "attempts,retry_reason,routing,service_tier,price_version,multiplier_ppm,cost_nano_usd,"
    "account_cost_nano_usd,queue_ms,first_token_ms,total_ms,started_at,user_agent,client_ip\r\n";

TEST(Report, GivesAPageAsCsv)
{
    EXPECT_EQ(to_csv(UsagePage{}), kRecordNames);
    UsagePage page;
    page.records = {sample_record("a"), UsageRecord()};
    page.records[1].cost = {-5};
    page.records[1].settled_seq = 7;
    EXPECT_EQ(
        to_csv(page),
        std::string(kRecordNames) +
            "a,turn-1,resp_1,team-a,dev,default,openai-main,gpt-5.2,gpt-5.2-2025-12-11,agent,"
            "ab12,stream,http,,true,false,1000,400,100,50,20,1050,incomplete,max_output_tokens,"
            "true,2,upstream_lost,sticky openai-main 2.71 of 3,priority,2026-11-01,800000,"
            "2520000,3150000,3,250,1250,2026-11-01T12:00:00.123456Z,codex/1.0,192.0.2.7\r\n"
            ",,,,,,,,,,,ws_v2,ws,7,true,true,0,0,0,0,0,0,completed,,false,1,,,,,1000000,-5,0,0,,0,"
            "1970-01-01T00:00:00.000000Z,,\r\n");
}

TEST(Report, GivesSumsAsCsv)
{
    const std::string rest = ",responses,input_tokens,cached_tokens,cache_write_tokens,"
                             "output_tokens,reasoning_tokens,total_tokens,cost_nano_usd,"
                             "account_cost_nano_usd\r\n";
    EXPECT_EQ(to_csv(std::vector<UsageSum>{}, GroupBy::day), "day" + rest);
    EXPECT_EQ(to_csv({sum_of("team-a", -1), sum_of("b", 2)}, GroupBy::user),
              "user" + rest + "team-a,2,2000,800,200,100,40,2100,-1,1000000000\r\n" +
                  "b,2,2000,800,200,100,40,2100,2,1000000000\r\n");
}

TEST(Report, QuotesInCsvWhatWouldBreakALineOrBeAFormula)
{
    const std::pair<const char*, const char*> rows[] = {{"a,b", "\"a,b\""},
                                                        {"say \"so\"", "\"say \"\"so\"\"\""},
                                                        {"two\r\nlines", "\"two\r\nlines\""},
                                                        {"=1+1", "'=1+1"},
                                                        {"+1", "'+1"},
                                                        {"-1", "'-1"},
                                                        {"@x", "'@x"},
                                                        {"\tx", "'\tx"},
                                                        {"\r=1", "\"'\r=1\""},
                                                        {"=a,\"b\"", "\"'=a,\"\"b\"\"\""},
                                                        {"a=1", "a=1"},
                                                        {"\xff", "\ufffd"},
                                                        {"", ""}};
    for (const auto& [name, field] : rows) {
        const std::string csv = to_csv({sum_of(name, 0)}, GroupBy::key);
        const std::string row = csv.substr(csv.find("\r\n") + 2);
        EXPECT_EQ(row.substr(0, row.find(",2,2000,")), field) << name;
    }
}

TEST(Report, PrintsSumsAsATable)
{
    std::ostringstream out;
    print(out, {sum_of("team-\u00e9", 5'040'000), sum_of("b\x1b[2J", 499)}, GroupBy::user);
    EXPECT_EQ(out.str(),
              "user    responses  input  cached  output  total  cost USD  account USD\n"
              "------  ---------  -----  ------  ------  -----  --------  -----------\n"
              "team-\u00e9          2   2000     800     100   2100  0.005040     1.000000\n"
              "b?[2J           2   2000     800     100   2100  0.000000     1.000000\n"
              "------  ---------  -----  ------  ------  -----  --------  -----------\n"
              "total           4   4000    1600     200   4200  0.005040     2.000000\n");
}

TEST(Report, PrintsRecordsAsATable)
{
    UsagePage page;
    page.records = {sample_record()};
    page.records[0].cost = {-1'500}; // half away from zero
    std::ostringstream out;
    print(out, page);
    EXPECT_EQ(out.str(),
              "started               user    key  account      model    status                  "
              "input  cached  output  total   cost USD\n"
              "--------------------  ------  ---  -----------  -------  ----------------------  "
              "-----  ------  ------  -----  ---------\n"
              "2026-11-01T12:00:00Z  team-a  dev  openai-main  gpt-5.2  incomplete (estimated)   "
              "1000     400      50   1050  -0.000002\n"
              "--------------------  ------  ---  -----------  -------  ----------------------  "
              "-----  ------  ------  -----  ---------\n"
              "total                                                    1 responses              "
              "1000     400      50   1050  -0.000002\n");
}

TEST(GroupBy, IsKnownByItsName)
{
    using enum GroupBy;
    for (const GroupBy by : {key, user, group, account, model, day})
        EXPECT_EQ(group_by(name_of(by)), by);
    EXPECT_EQ(group_by("colour"), std::nullopt);
}

} // namespace
} // namespace turngate::usage
