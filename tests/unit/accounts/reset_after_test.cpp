#include "reset_after.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace turngate::accounts {
namespace {

using std::chrono::seconds;

// 2026-11-01T12:00:00Z, 1793534400 seconds after 1970.
const core::Timestamp kNow{seconds(1'793'534'400)};

// -1: nothing was said.
std::int64_t count(std::optional<Reset> reset)
{
    return reset ? reset->in.count() : -1;
}

using Fields = std::vector<std::pair<const char*, const char*>>;

net::HttpHeaders headers_of(const Fields& fields)
{
    net::HttpHeaders headers;
    for (const auto& [name, value] : fields)
        headers.add(name, value);
    return headers;
}

TEST(ResetAfter, ReadsHeaders)
{
    struct
    {
        Fields fields;
        std::int64_t seconds;
    } const rows[] = {
        {{}, -1},
        {{{"content-type", "application/json"}}, -1},
        {{{"retry-after", "17"}}, 17},
        {{{"Retry-After", " 17 "}}, 17},
        {{{"retry-after", "1.2"}}, 2},
        {{{"retry-after", "0"}}, 1},
        {{{"retry-after", ""}}, -1},
        {{{"retry-after", "-5"}}, -1},
        {{{"retry-after", "soon"}}, -1},
        {{{"retry-after", "inf"}}, -1},
        {{{"retry-after", "nan"}}, -1},
        {{{"retry-after", "1e3"}}, -1},
        {{{"retry-after", "999999999999999999999999"}}, 31 * 86400},
        {{{"retry-after", "Sun, 01 Nov 2026 12:00:30 GMT"}}, 30},
        {{{"retry-after", "Sunday, 01-Nov-26 12:01:00 GMT"}}, 60},
        {{{"retry-after", "Sun Nov  1 12:02:00 2026"}}, 120},
        {{{"retry-after", "Sun, 01 Nov 2026 11:59:00 GMT"}}, 1}, // past: may try now
        {{{"retry-after", "Sun, 31 Feb 2027 12:00:00 GMT"}}, -1},
        {{{"retry-after", "Sun, 01 Nov 2026 25:00:00 GMT"}}, -1},
        {{{"retry-after", "Sun, 01 Nov 2026"}}, -1},
        {{{"x-ratelimit-reset-requests", "6m0s"}, {"x-ratelimit-remaining-requests", "0"}}, 360},
        {{{"x-ratelimit-reset-tokens", "20ms"}, {"x-ratelimit-remaining-tokens", "0"}}, 1},
        {{{"X-RateLimit-Reset-Tokens", "7.5"}, {"X-RateLimit-Remaining-Tokens", "0"}}, 8},
        {{{"x-ratelimit-reset-requests", "9s"},
          {"x-ratelimit-remaining-requests", "0"},
          {"x-ratelimit-reset-tokens", "1m30s"},
          {"x-ratelimit-remaining-tokens", "0"}},
         90},
        {{{"x-ratelimit-reset-requests", "9s"}, {"x-ratelimit-remaining-requests", "3"}}, -1},
        {{{"x-ratelimit-reset-requests", "9s"}, {"x-ratelimit-reset-tokens", "4s"}}, 4},
        {{{"x-ratelimit-reset-requests", "soon"}, {"x-ratelimit-remaining-requests", "0"}}, -1},
        {{{"x-ratelimit-reset-requests", "9s or so"}}, -1},
        {{{"x-ratelimit-reset-requests", "9s"},
          {"x-ratelimit-remaining-requests", "0"},
          {"retry-after", "5"}},
         5},
        {{{"retry-after-ms", "1500"}, {"retry-after", "9"}}, 2},
        {{{"x-codex-primary-reset-after-seconds", "600"}}, 600},
        {{{"x-codex-primary-reset-at", "1793534700"}}, 300},
        {{{"x-codex-primary-reset-at", "1793534700000"}}, 300},
        {{{"x-codex-primary-reset-at", "2026-11-01T12:05:00Z"}}, 300},
        {{{"X-Codex-Secondary-Reset-After-Seconds", "90"}}, 90},
        {{{"x-codex-other-reset-after-seconds", "90"}}, 90},
        {{{"x-codex-primary-window-minutes", "300"}}, -1},
        {{{"x-other-reset-at", "1793534700"}}, -1},
        // Nobody says which is used up: the first to end.
        {{{"x-codex-primary-reset-after-seconds", "600"},
          {"x-codex-secondary-reset-after-seconds", "70000"}},
         600},
        {{{"x-codex-primary-reset-after-seconds", "600"}, {"retry-after", "5"}}, 5},
        // The used-up window decides, and the last of two.
        {{{"x-codex-primary-used-percent", "40"},
          {"x-codex-primary-reset-after-seconds", "600"},
          {"x-codex-secondary-used-percent", "100.0"},
          {"x-codex-secondary-reset-after-seconds", "70000"}},
         70000},
        {{{"x-codex-primary-used-percent", "100"},
          {"x-codex-primary-reset-after-seconds", "600"},
          {"x-codex-secondary-used-percent", "100"},
          {"x-codex-secondary-reset-after-seconds", "70000"},
          {"retry-after", "5"}},
         70000},
        // A window that is not full is not what refuses us.
        {{{"x-codex-primary-used-percent", "99.7"},
          {"x-codex-primary-reset-after-seconds", "600"},
          {"retry-after", "2"}},
         2},
        {{{"x-codex-primary-used-percent", "40"}, {"x-codex-primary-reset-after-seconds", "600"}},
         -1},
    };
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        const auto said = reset_after(headers_of(rows[i].fields), kNow);
        const std::string name = rows[i].fields.empty() ? "" : rows[i].fields.back().second;
        EXPECT_EQ(count(said), rows[i].seconds) << "row " << i << ": " << name;
    }
}

TEST(ResetAfter, ReadsBodiesAndEvents)
{
    // clang-format off
    struct
    {
        const char* json;
        std::int64_t seconds;
    } const rows[] = {
        {"", -1},
        {"no JSON", -1},
        {"[1]", -1},
        {"{}", -1},
        {R"({"error":null})", -1},
        {R"({"error":"full"})", -1},
        {R"({"error":{"type":"usage_limit_reached","resets_in_seconds":3600}})", 3600},
        {R"({"error":{"resets_in_seconds":"3600"}})", 3600},
        {R"({"error":{"resets_in_seconds":-1}})", -1},
        {R"({"error":{"resets_in_seconds":null,"resets_at":1793534460}})", 60},
        {R"({"error":{"resets_at":1793534460.5}})", 61},
        {R"({"error":{"resets_at":1793534460000}})", 60},
        {R"({"error":{"resets_at":"1793534460"}})", 60},
        {R"({"error":{"resets_at":"2026-11-01T12:01:00Z"}})", 60},
        {R"({"error":{"resets_at":"30m"}})", -1},
        {R"({"error":{"resets_at":1}})", 1},
        {R"({"error":{"resets_at":1e300}})", -1},
        {R"({"error":{"resets_at":{}}})", -1},
        {R"({"resets_in_seconds":12})", 12},
        {R"({"type":"error","status":429,"error":{"code":"rate_limit_exceeded"},"headers":{"retry-after":"7"}})", 7},
        {R"({"type":"error","status":429,"error":{"code":null,"headers":{"Retry-After":8}}})", 8},
        {R"({"type":"error","headers":{"x-codex-primary-used-percent":100,"x-codex-primary-reset-at":1793534500,"more":true}})", 100},
        {R"({"type":"error","headers":["retry-after"]})", -1},
        {R"({"type":"response.failed","response":{"id":"r","error":{"code":"rate_limit_exceeded","message":"Limit reached. Please try again in 11s."}}})", 11},
        {R"({"type":"response.failed","response":{"error":null}})", -1},
        {R"({"error":{"message":"Try again in 250ms"}})", 1},
        {R"({"error":{"message":"try again in 6m0.5s, or pay"}})", 361},
        {R"({"error":{"message":"try again in 2 minutes."}})", 120},
        {R"({"error":{"message":"try again in 1 day 2 hours 3 minutes"}})", 93780},
        {R"({"error":{"message":"try again in a while"}})", -1},
        {R"({"error":{"message":"try again in 20"}})", -1},
        {R"({"error":{"message":"try again in 20 parsecs"}})", -1},
        {R"({"error":{"message":"try again in "}})", -1},
        // A field is believed before words.
        {R"({"error":{"message":"try again in 9s"},"headers":{"retry-after":"7"}})", 7},
    };
    // clang-format on
    for (const auto& row : rows)
        EXPECT_EQ(count(reset_after(read_fields(row.json), kNow)), row.seconds) << row.json;
}

TEST(ResetAfter, ReadsWhatStandsInTheFirst64KiBOfAHugeBody)
{
    const std::string rest = R"(,"x":")" + std::string(300 * 1024, 'x') + "\"}";
    EXPECT_EQ(count(reset_after(read_fields(R"({"resets_in_seconds":12)" + rest), kNow)), 12);
    const std::string late = R"({"y":1)" + rest;
    const std::string body = late.substr(0, late.size() - 1) + R"(,"resets_in_seconds":12})";
    EXPECT_EQ(count(reset_after(read_fields(body), kNow)), -1);
}

TEST(ResetAfter, TellsAWindowOfTheAccountFromAModelsLimit)
{
    const auto full = headers_of(
        {{"x-codex-primary-used-percent", "100"}, {"x-codex-primary-reset-after-seconds", "60"}});
    EXPECT_EQ(reset_after(full, kNow), (Reset{seconds(60), true}));
    EXPECT_EQ(reset_after(headers_of({{"retry-after", "60"}}), kNow), (Reset{seconds(60), false}));
}

TEST(ResetAfter, IsNeverNothingAndNeverForEver)
{
    EXPECT_EQ(count(reset_after(headers_of({{"retry-after", "0"}}), kNow)), 1);
    const auto headers = headers_of({{"x-codex-primary-reset-at", "99999999999"}});
    EXPECT_EQ(count(reset_after(headers, kNow)), 31 * 86400);
}

} // namespace
} // namespace turngate::accounts
