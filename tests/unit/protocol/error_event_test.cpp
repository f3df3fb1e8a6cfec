#include "turngate/protocol/error_event.hpp"

#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace turngate::protocol {
namespace {

using core::FaultCode;

struct Row
{
    FaultCode fault;
    int status;
    std::string_view code;
    std::string_view type;
    std::uint16_t close_code = 0;
};

// behaviour.md section 8.
constexpr Row kRows[] = {
    {FaultCode::invalid_json, 400, "invalid_json", "invalid_request_error"},
    {FaultCode::invalid_request, 400, "invalid_request", "invalid_request_error"},
    {FaultCode::unsupported_event, 400, "unsupported_event", "invalid_request_error"},
    {FaultCode::model_not_found, 400, "model_not_found", "invalid_request_error"},
    {FaultCode::invalid_stream_id, 400, "invalid_stream_id", "invalid_request_error"},
    {FaultCode::stream_limit_reached,
     400,
     "websocket_stream_limit_reached",
     "invalid_request_error"},
    {FaultCode::parent_not_found, 400, "previous_response_not_found", "invalid_request_error"},
    {FaultCode::request_too_large, 400, "request_too_large", "invalid_request_error", 1009},
    {FaultCode::create_too_large, 400, "request_too_large", "invalid_request_error"},
    {FaultCode::invalid_api_key, 401, "invalid_api_key", "authentication_error", 1008},
    {FaultCode::rate_limited, 429, "rate_limit_exceeded", "rate_limit_error"},
    {FaultCode::quota_exceeded, 429, "insufficient_quota", "rate_limit_error"},
    {FaultCode::dial_failed, 502, "upstream_disconnected", "server_error"},
    {FaultCode::dial_refused, 502, "upstream_disconnected", "server_error"},
    {FaultCode::upstream_lost, 502, "upstream_disconnected", "server_error"},
    {FaultCode::upstream_error, 502, "server_error", "server_error"},
    {FaultCode::no_account, 503, "no_account_available", "server_error"},
    {FaultCode::out_of_resources, 503, "no_account_available", "server_error"},
    {FaultCode::upstream_restart, 503, "upstream_restart", "server_error"},
    {FaultCode::gateway_draining, 503, "gateway_draining", "server_error"},
    {FaultCode::accounting_unavailable, 503, "accounting_unavailable", "server_error"},
    {FaultCode::upstream_timeout, 504, "upstream_timeout", "server_error"},
    {FaultCode::internal_error, 500, "internal_error", "server_error", 1011},
    {FaultCode::client_gone, 499, "client_gone", "invalid_request_error"},
    {FaultCode::interrupted, 499, "interrupted", "invalid_request_error"},
    {FaultCode::preempted, 499, "interrupted", "invalid_request_error"},
};

TEST(Catalogue, HoldsTheErrorsOfTheGateway)
{
    EXPECT_EQ(std::size(kRows), static_cast<std::size_t>(FaultCode::upstream_error) + 1);
    for (const Row& row : kRows) {
        const CatalogueEntry entry = catalogue(row.fault);
        EXPECT_EQ(entry.status, row.status) << row.code;
        EXPECT_EQ(entry.code, row.code);
        EXPECT_EQ(entry.type, row.type) << row.code;
        EXPECT_EQ(entry.close_code, row.close_code) << row.code;
        EXPECT_FALSE(entry.message.empty()) << row.code;
    }
}

TEST(ErrorEvent, IsReadAsItWasMeant)
{
    UpstreamEventReader reader;
    for (const Row& row : kRows) {
        const std::string event = error_event(row.fault);
        EXPECT_EQ(peek_kind(event), EventKind::error);
        const TerminalEvent read = reader.read_terminal(event, EventKind::error);
        EXPECT_EQ(read.status, row.status);
        EXPECT_EQ(read.error_code, row.code);
        EXPECT_EQ(read.error_message, catalogue(row.fault).message);
    }
}

TEST(ErrorEvent, HasItsKeysInOneOrder)
{
    EXPECT_EQ(
        error_event(FaultCode::rate_limited,
                    {.message = "a \"b\"\n",
                     .param = "p",
                     .stream_id = "main",
                     .retry_after = std::chrono::seconds(7)}),
        R"({"type":"error","status":429,"stream_id":"main","error":{"type":"rate_limit_error",)"
        R"("code":"rate_limit_exceeded","message":"a \"b\"\n","param":"p"},)"
        R"("headers":{"retry-after":"7"}})");
    EXPECT_EQ(error_event(FaultCode::invalid_json, {.message = "m"}),
              R"({"type":"error","status":400,"error":{"type":"invalid_request_error",)"
              R"("code":"invalid_json","message":"m","param":null}})");
}

TEST(ErrorEvent, NamesTheParamThatTheCodeTells)
{
    const auto param_is = [](FaultCode code, std::string_view param) {
        return error_event(code).ends_with("\"param\":\"" + std::string(param) + "\"}}");
    };
    EXPECT_TRUE(param_is(FaultCode::parent_not_found, "previous_response_id"));
    EXPECT_TRUE(param_is(FaultCode::invalid_stream_id, "stream_id"));
    EXPECT_TRUE(param_is(FaultCode::stream_limit_reached, "stream_id"));
    EXPECT_TRUE(param_is(FaultCode::model_not_found, "model"));
}

TEST(ErrorBody, IsTheNestedErrorAlone)
{
    EXPECT_EQ(error_body("no \"key\"", "authentication_error", "invalid_api_key"),
              R"({"error":{"message":"no \"key\"","type":"authentication_error",)"
              R"("code":"invalid_api_key","param":null}})");
}

TEST(IncompleteEvent, IsReadAsItWasMeant)
{
    UpstreamEventReader reader;
    const std::string event = incomplete_event("resp_1", "interrupted", "main");
    EXPECT_EQ(peek_kind(event), EventKind::incomplete);
    EXPECT_EQ(peek_stream_id(event), "main");
    const TerminalEvent read = reader.read_terminal(event, EventKind::incomplete);
    EXPECT_EQ(read.response_id, "resp_1");
    EXPECT_EQ(read.reason, "interrupted");
    EXPECT_FALSE(read.usage);
    EXPECT_EQ(peek_stream_id(incomplete_event("resp_1", "interrupted", "")), "");
}

TEST(KeepaliveEvent, IsLifecycleOnItsLane)
{
    EXPECT_EQ(keepalive_event(7, ""), R"({"type":"keepalive","sequence_number":7})");
    const std::string event = keepalive_event(7, "main");
    EXPECT_EQ(event, R"({"type":"keepalive","stream_id":"main","sequence_number":7})");
    EXPECT_EQ(peek_kind(event), EventKind::lifecycle);
}

} // namespace
} // namespace turngate::protocol
