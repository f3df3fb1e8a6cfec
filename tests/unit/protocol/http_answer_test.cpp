#include "turngate/protocol/http_answer.hpp"

#include "turngate/protocol/error_event.hpp"
#include "turngate/protocol/http_create.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace turngate::protocol {
namespace {

using nlohmann::json;

std::string header_of(const HttpAnswer& answer, std::string_view name)
{
    for (const auto& [key, value] : answer.headers)
        if (key == name)
            return value;
    return {};
}

TEST(HttpAnswer, IsTheErrorWithItsStatus)
{
    const auto answer = answer_to_error(
        R"({"type":"error","status":400,"error":{"code":"x","message":"m","param":"p"}})");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.body, R"({"error":{"code":"x","message":"m","param":"p"}})");
}

TEST(HttpAnswer, IsAnObjectWhateverFormTheErrorHas)
{
    static constexpr std::string_view kEvents[] = {
        R"({"type":"error","status":500,"code":"c","message":"m","param":null})",
        R"({"type":"error","status":500,"error":"m","code":"c"})",
    };
    for (const std::string_view event : kEvents) {
        const auto error = json::parse(answer_to_error(event).body)["error"];
        EXPECT_EQ(error["code"], "c") << event;
        EXPECT_EQ(error["message"], "m") << event;
        EXPECT_EQ(error["type"], "server_error") << event;
    }
}

TEST(HttpAnswer, HasAStatusThatClientsUnderstand)
{
    EXPECT_EQ(answer_to_error(R"({"type":"error","status":413,"error":{}})").status, 400);
    EXPECT_EQ(answer_to_error(R"({"type":"error","status":200,"error":{}})").status, 502);
    EXPECT_EQ(answer_to_error(R"({"type":"error","error":{}})").status, 502);
}

TEST(HttpAnswer, SaysWhenToComeAgainUnlessThatIsOfNoUse)
{
    const auto event = [](core::FaultCode code) { return error_event(code); };
    using enum core::FaultCode;
    EXPECT_EQ(header_of(answer_to_error(event(rate_limited)), "retry-after"), "1");
    EXPECT_EQ(header_of(answer_to_error(event(gateway_draining)), "retry-after"), "1");
    const auto spent = answer_to_error(event(quota_exceeded));
    EXPECT_EQ(header_of(spent, "retry-after"), "");
    EXPECT_EQ(header_of(spent, "x-should-retry"), "false");
    EXPECT_EQ(header_of(answer_to_error(event(upstream_lost)), "x-should-retry"), "");
    EXPECT_EQ(
        header_of(answer_to_error(without_repetition(event(upstream_lost))), "x-should-retry"),
        "false");
    EXPECT_EQ(header_of(answer_to_error(event(invalid_api_key)), "www-authenticate"), "Bearer");
    ErrorDetail later;
    later.retry_after = std::chrono::seconds(17);
    EXPECT_EQ(header_of(answer_to_error(error_event(rate_limited, later)), "retry-after"), "17");
}

TEST(HttpAnswer, PassesNoHeaderThatIsNone)
{
    const auto answer = answer_to_error(
        R"({"type":"error","status":429,"error":{},"headers":{"retry-after":"5\r\nx: y","x-secret":"s"}})");
    EXPECT_EQ(header_of(answer, "retry-after"), "1");
    EXPECT_EQ(header_of(answer, "x-secret"), "");
}

TEST(HttpAnswer, OfAFailureHasItsCodesStatus)
{
    const auto status_of = [](std::string_view code) {
        return answer_to_failure(R"({"type":"response.failed","response":{"error":{"code":")" +
                                 std::string(code) + R"(","message":"m"}}})")
            .status;
    };
    EXPECT_EQ(status_of("rate_limit_exceeded"), 429);
    EXPECT_EQ(status_of("server_error"), 500);
    EXPECT_EQ(status_of("server_is_overloaded"), 503);
    EXPECT_EQ(status_of("invalid_prompt"), 400);
    EXPECT_EQ(status_of("whatever"), 502);
}

TEST(HttpAnswer, EndsAStreamInAFormThatItsClientHears)
{
    const std::string error = error_event(core::FaultCode::upstream_lost);
    const auto failed = json::parse(failed_event("resp_1", error, 7));
    EXPECT_EQ(failed["type"], "response.failed");
    EXPECT_EQ(failed["sequence_number"], 7);
    EXPECT_EQ(failed["response"]["id"], "resp_1");
    EXPECT_EQ(failed["response"]["error"]["code"], "upstream_disconnected");
    const auto flat = json::parse(flat_error_event(error, 0));
    EXPECT_EQ(flat["type"], "error");
    EXPECT_EQ(flat["code"], "upstream_disconnected");
    EXPECT_FALSE(flat["message"].get<std::string>().empty());
}

TEST(HttpCreate, HasItsTwoFlags)
{
    ClientEventReader reader;
    const auto read = [&](std::string_view body) { return read_http_create(reader, body); };
    EXPECT_FALSE(read(R"({"model":"m"})")->streams);
    EXPECT_FALSE(read(R"({"model":"m","stream":null,"background":false})")->streams);
    EXPECT_TRUE(read(R"({"model":"m","stream":true})")->streams);
    EXPECT_TRUE(read(R"({"model":"m","background":true})")->is_background);
    EXPECT_TRUE(read(R"({"type":"response.create","model":"m"})"));
}

TEST(HttpCreate, HasNothingThatBelongsToASocket)
{
    ClientEventReader reader;
    static constexpr std::array<std::string_view, 2> kRows[] = {
        {R"({"model":"m","stream_id":"a"})", "stream_id"},
        {R"({"model":"m","generate":true})", "generate"},
        {R"({"model":"m","stream":1})", "stream"},
        {R"({"model":"m","stream":true,"stream":true})", "stream"},
        {R"({"model":"m","background":"yes"})", "background"},
        {R"({"type":"response.processed","response_id":"r"})", "type"},
    };
    for (const auto& [body, param] : kRows) {
        const auto create = read_http_create(reader, body);
        ASSERT_FALSE(create) << body;
        EXPECT_EQ(create.error().param, param) << body;
    }
}

TEST(EventOutput, IsPutIntoTheResponseAlone)
{
    const std::array<std::string, 2> items{R"({"type":"a"})", R"({"type":"b"})"};
    const std::string_view rows[] = {
        R"({"type":"response.completed","response":{"id":"r","output":[],"usage":{"output":1}}})",
        R"({"type":"response.completed","output":[],"response":{"id":"r","output":null}})",
        R"({"type":"response.completed","response":{"id":"r"}})",
        R"({"type":"response.completed","response":{}})",
    };
    for (const std::string_view event : rows) {
        json expected = json::parse(event);
        expected["response"]["output"] = {{{"type", "a"}}, {{"type", "b"}}};
        EXPECT_EQ(json::parse(with_output(event, items)), expected) << event;
    }
}

TEST(WithoutParent, NamesNone)
{
    EXPECT_EQ(
        without_parent(
            R"({"type":"response.created","response":{"id":"r","previous_response_id":"p"},"previous_response_id":"q"})"),
        R"({"type":"response.created","response":{"id":"r","previous_response_id":null},"previous_response_id":"q"})");
    for (const std::string_view event : {R"({"type":"a","response":{"id":"r"}})",
                                         R"({"type":"a","previous_response_id":"p"})",
                                         R"({"type":"a","response":"previous_response_id"})",
                                         "no JSON"})
        EXPECT_EQ(without_parent(event), event);
}

} // namespace
} // namespace turngate::protocol
