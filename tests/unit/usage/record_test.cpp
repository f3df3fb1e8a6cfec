#include "turngate/usage/record.hpp"

#include "sample_record.hpp"
#include "turngate/core/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace turngate::usage {
namespace {

TEST(Record, ComesBackFromItsBytesAsItWas)
{
    const auto back = decode(encode(sample_record()));
    ASSERT_TRUE(back);
    EXPECT_TRUE(same(*back, sample_record()));
}

TEST(Record, ComesBackWithDefaultsAndExtremes)
{
    UsageRecord record;
    record.tokens.input = std::numeric_limits<std::int64_t>::max();
    record.cost = {std::numeric_limits<std::int64_t>::min()};
    record.attempts = std::numeric_limits<std::int32_t>::max();
    record.started_at = core::Timestamp(std::chrono::microseconds(-1));
    const auto back = decode(encode(record));
    ASSERT_TRUE(back);
    EXPECT_TRUE(same(*back, record));
    EXPECT_EQ(back->first_token_ms, std::nullopt);
}

TEST(Record, IsCutAndMadeValidBeforeItIsWritten)
{
    UsageRecord record = sample_record();
    record.response_uid.assign(300, 'u');
    record.user_agent = std::string(255, 'a') + "\u00e9"; // the cut would split a character
    record.client_ip.assign(100, '1');
    record.routing.assign(400, 'r');
    record.requested_model.assign(1000, 'm');
    record.reason = std::string("bad \xff and \0 nul", 15);
    const auto back = decode(encode(record));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->response_uid.size(), 256u);
    EXPECT_EQ(back->user_agent, std::string(255, 'a'));
    EXPECT_EQ(back->client_ip.size(), 64u);
    EXPECT_EQ(back->routing.size(), 300u);
    EXPECT_EQ(back->requested_model.size(), 512u);
    EXPECT_EQ(back->reason, "bad \xef\xbf\xbd and  nul");
}

TEST(Record, IsNotReadFromAnyShorterOrLongerBytes)
{
    const std::string bytes = encode(sample_record());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode(bytes.substr(0, size))) << size;
    EXPECT_FALSE(decode(bytes + '\0'));
}

// What a journal of the program before holds: the same without the fields at the end.
TEST(Record, OfTheFirstVersionIsRead)
{
    UsageRecord record = sample_record();
    record.routing.clear();
    record.upstream_transport = UpstreamTransport::ws;
    std::string bytes = encode(record);
    bytes.resize(bytes.size() - 2); // the transport, and the length of no routing
    bytes[0] = 1;
    const auto back = decode(bytes);
    ASSERT_TRUE(back);
    EXPECT_TRUE(same(*back, record));
    EXPECT_FALSE(decode(bytes + '\0'));
}

TEST(Record, OfTheSecondVersionIsReadAsOneOfAWebSocket)
{
    UsageRecord record = sample_record();
    std::string bytes = encode(record);
    bytes.pop_back(); // the transport
    bytes[0] = 2;
    const auto back = decode(bytes);
    ASSERT_TRUE(back);
    record.upstream_transport = UpstreamTransport::ws;
    EXPECT_TRUE(same(*back, record));
    EXPECT_EQ(back->routing, record.routing);
    EXPECT_FALSE(decode(bytes + '\0'));
}

TEST(Record, OfADeadLetterBeforeThereWasATransportIsReadAsOneOfAWebSocket)
{
    std::string json = to_json(sample_record());
    const std::string field = R"("upstream_transport":"http",)";
    ASSERT_NE(json.find(field), std::string::npos);
    json.erase(json.find(field), field.size());
    const auto back = read_record(json);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->upstream_transport, UpstreamTransport::ws);
}

TEST(Record, OfANewerVersionIsNotRead)
{
    std::string bytes = encode(sample_record());
    bytes[0] = 4;
    EXPECT_FALSE(decode(bytes));
}

TEST(Record, FromHostileBytesIsNothingOrARecordThatEncodesAgain)
{
    std::mt19937 random(7);
    const std::string good = encode(sample_record());
    int readable = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = good;
        for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
            bytes[1 + random() % (bytes.size() - 1)] = static_cast<char>(random());
        if (const auto record = decode(bytes)) {
            ++readable;
            EXPECT_TRUE(decode(encode(*record)));
        }
    }
    EXPECT_GT(readable, 0); // a flipped letter is still a record: the journal's CRC is what notices
}

TEST(Record, HasTheJsonOfTheInterface)
{
    EXPECT_EQ(
        to_json(sample_record()),
        R"({"response_uid":"0190f5fe-7c00-7a00-8000-000000000001","turn_id":"turn-1",)"
        R"("upstream_response_id":"resp_1","user":"team-a","key":"dev","group":"default",)"
        R"("account":"openai-main","requested_model":"gpt-5.2","upstream_model":"gpt-5.2-2025-12-11",)"
        R"("lane":"agent","session":"ab12","request_type":"stream",)"
        R"("upstream_transport":"http","settled_seq":null,"stream":true,"openai_ws_mode":false,)"
        R"("input_tokens":1000,"cached_tokens":400,"cache_write_tokens":100,"output_tokens":50,)"
        R"("reasoning_tokens":20,"total_tokens":1050,"status":"incomplete","reason":"max_output_tokens",)"
        R"("estimated":true,"attempts":2,"retry_reason":"upstream_lost",)"
        R"("routing":"sticky openai-main 2.71 of 3","service_tier":"priority",)"
        R"("price_version":"2026-11-01","multiplier_ppm":800000,"cost_nano_usd":2520000,)"
        R"("account_cost_nano_usd":3150000,"queue_ms":3,"first_token_ms":250,"total_ms":1250,)"
        R"("started_at":"2026-11-01T12:00:00.123456Z","user_agent":"codex/1.0","client_ip":"192.0.2.7"})");
}

TEST(Record, HasNoFirstTokenTimeInJsonWithoutAFirstToken)
{
    UsageRecord record = sample_record();
    record.first_token_ms.reset();
    EXPECT_NE(to_json(record).find(R"("first_token_ms":null)"), std::string::npos);
}

TEST(Record, TellsTheOldBooleansFromItsRequestType)
{
    struct Row
    {
        RequestType type;
        const char* json;
    };
    const Row rows[] = {
        {RequestType::unknown,
         R"("request_type":"unknown","upstream_transport":"ws","settled_seq":null,)"
         R"("stream":false,"openai_ws_mode":false)"},
        {RequestType::sync,
         R"("request_type":"sync","upstream_transport":"ws","settled_seq":null,)"
         R"("stream":false,"openai_ws_mode":false)"},
        {RequestType::stream,
         R"("request_type":"stream","upstream_transport":"ws","settled_seq":null,)"
         R"("stream":true,"openai_ws_mode":false)"},
        {RequestType::ws_v2,
         R"("request_type":"ws_v2","upstream_transport":"ws","settled_seq":null,)"
         R"("stream":true,"openai_ws_mode":true)"},
    };
    for (const Row& row : rows) {
        UsageRecord record;
        record.request_type = row.type;
        EXPECT_NE(to_json(record).find(row.json), std::string::npos) << row.json;
    }
}

} // namespace
} // namespace turngate::usage
