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
