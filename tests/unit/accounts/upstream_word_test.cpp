#include "upstream_word.hpp"

#include <gtest/gtest.h>

namespace turngate::accounts {
namespace {

using Word = UpstreamWord;

TEST(UpstreamWord, IsReadFromCodeThenStatusThenMessage)
{
    // clang-format off
    struct
    {
        int status;
        const char* code;
        const char* message;
        Word word;
    } const rows[] = {
        {0, "", "", Word::none},
        {400, "previous_response_not_found", "", Word::parent_not_found},
        {404, "previous_response_not_found", "", Word::parent_not_found},
        {0, "previous_response_not_found", "", Word::parent_not_found},
        {400, "websocket_connection_limit_reached", "", Word::connection_limit},
        {429, "rate_limit_exceeded", "", Word::rate_limited},
        {0, "rate_limit_exceeded", "Please try again in 3s.", Word::rate_limited},
        {429, "", "", Word::rate_limited},
        {429, "tokens", "", Word::rate_limited},
        {429, "usage_limit_reached", "", Word::quota},
        {429, "insufficient_quota", "", Word::quota},
        {400, "insufficient_quota", "", Word::quota},
        {403, "usage_not_included", "", Word::quota},
        {503, "server_is_overloaded", "", Word::overloaded},
        {0, "server_is_overloaded", "", Word::overloaded},
        {429, "slow_down", "", Word::overloaded},
        {503, "slow_down", "", Word::overloaded},
        {0, "server_error", "", Word::server_error},
        {500, "server_error", "", Word::server_error},
        {500, "", "", Word::server_error},
        {502, "bad_gateway", "", Word::server_error},
        {503, "rate_limit_exceeded", "", Word::rate_limited},
        {400, "", "No tool output found for function call call_1.", Word::tool_pairing},
        {400, "invalid_request", "No tool call found for function call output with call_id call_1.", Word::tool_pairing},
        {400, "", "NO TOOL OUTPUT FOUND for custom tool call call_1", Word::tool_pairing},
        {422, "", "No tool output found for function call call_1.", Word::request_error},
        {500, "", "No tool output found for function call call_1.", Word::server_error},
        {0, "", "No tool output found for function call call_1.", Word::request_error},
        {400, "", "Item 'rs_1' of type 'reasoning' was provided without its required following item.", Word::orphaned_reasoning},
        {400, "", "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'.", Word::orphaned_reasoning},
        {400, "", "Reasoning Item rs_1 was provided WITHOUT ITS REQUIRED following item", Word::orphaned_reasoning},
        {400, "", "A message was provided without its required role.", Word::request_error},
        {400, "", "", Word::request_error},
        {400, "context_length_exceeded", "", Word::request_error},
        {401, "invalid_api_key", "", Word::credentials},
        {404, "model_not_found", "", Word::request_error},
        {0, "invalid_prompt", "", Word::request_error},
        {0, "", "something", Word::request_error},
    };
    // clang-format on
    for (const auto& row : rows)
        EXPECT_EQ(read_word({.status = row.status, .code = row.code, .message = row.message}),
                  row.word)
            << row.status << " " << row.code << " " << row.message;
}

} // namespace
} // namespace turngate::accounts
