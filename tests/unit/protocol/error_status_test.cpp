#include "turngate/protocol/error_event.hpp"

#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace turngate::protocol {
namespace {

TEST(ErrorStatus, IsPutWhereClientsReadIt)
{
    const struct
    {
        std::string_view event, mended;
    } rows[] = {
        {R"({"type":"error","error":{"code":"x"}})",
         R"({"status":400,"type":"error","error":{"code":"x"}})"},
        {R"({"type":"error","status":null,"error":{}})",
         R"({"type":"error","status":400,"error":{}})"},
        {R"({"type":"error", "status" : "400" , "error":{}})",
         R"({"type":"error", "status" : 400 , "error":{}})"},
        {R"({"type":"error","error":{"status":500},"st\u0061tus":{"a":1}})",
         R"({"type":"error","error":{"status":500},"st\u0061tus":400})"},
        {R"({"type":"error","error":{"status":500}})",
         R"({"status":400,"type":"error","error":{"status":500}})"},
        {R"({"type":"error","status":400.5})",
         R"({"error":{"message":null,"type":"invalid_request_error","param":null,"code":null},"type":"error","status":400})"},
        {R"( { "error" : {"message":"m"} } )",
         R"( {"type":"error","status":400, "error" : {"message":"m"} } )"},
        {R"({"error":"m","status":503})",
         R"({"type":"error","error":{"message":"m","type":"invalid_request_error","param":null,"code":null},"status":400})"},
        {R"({"type":null,"error":"m","status":[]})",
         R"({"type":"error","error":{"message":"m","type":"invalid_request_error","param":null,"code":null},"status":400})"},
    };
    for (const auto& [event, mended] : rows) {
        EXPECT_EQ(peek_kind(event), EventKind::error) << event;
        EXPECT_EQ(top_level_status(event), std::nullopt) << event;
        EXPECT_EQ(with_status(event, 400), mended);
        EXPECT_EQ(top_level_status(mended), 400);
    }
}

TEST(ErrorStatus, ComesWithTheNestedFormOfWhatIsFlat)
{
    const std::string_view flat =
        R"({"type":"error","code":"x","message":"No.","param":"p","sequence_number":3})";
    EXPECT_FALSE(is_complete_error(flat));
    const std::string mended = with_status(flat, 429);
    EXPECT_EQ(
        mended,
        R"({"status":429,"error":{"message":"No.","type":"rate_limit_error","param":"p","code":"x"},"type":"error","code":"x","message":"No.","param":"p","sequence_number":3})");
    EXPECT_TRUE(is_complete_error(mended));
    EXPECT_FALSE(is_complete_error(R"({"type":"error","status":500,"code":"x"})"));
    EXPECT_EQ(with_status(R"({"type":"error","status":500,"error":null})", 500),
              R"({"type":"error","status":500,"error":)"
              R"({"message":null,"type":"server_error","param":null,"code":null}})");
}

TEST(ErrorStatus, ThatClientsRepeatSaysThatTheyMustNot)
{
    const struct
    {
        std::string_view event, told;
    } rows[] = {
        {R"({"type":"error","status":502,"error":{}})",
         R"({"headers":{"x-should-retry":"false"},"type":"error","status":502,"error":{}})"},
        {R"({"type":"error","status":429,"error":{},"headers":{"retry-after":"5"}})",
         R"({"type":"error","status":429,"error":{},"headers":{"x-should-retry":"false","retry-after":"5"}})"},
        {R"({"type":"error","status":408,"error":{},"headers":{}})",
         R"({"type":"error","status":408,"error":{},"headers":{"x-should-retry":"false"}})"},
        {R"({"type":"error","status":500,"headers":null})",
         R"({"type":"error","status":500,"headers":{"x-should-retry":"false"}})"},
        {R"({"type":"error","error":{}})",
         R"({"headers":{"x-should-retry":"false"},"type":"error","error":{}})"},
    };
    for (const auto& [event, told] : rows)
        EXPECT_EQ(without_repetition(event), told);
    for (const std::string_view event :
         {R"({"type":"error","status":400,"error":{}})",
          R"({"type":"error","status":404,"error":{}})",
          R"({"type":"error","status":500,"headers":{"x-should-retry":"true"}})"})
        EXPECT_EQ(without_repetition(event), event);
}

TEST(ErrorStatus, IsSeenWhereItIsGood)
{
    EXPECT_EQ(top_level_status(R"({"type":"error","status":429})"), 429);
    EXPECT_EQ(top_level_status(R"({"status" : 503 , "type":"error"})"), 503);
    EXPECT_EQ(top_level_status(R"({"type":"error","status_code":503})"), std::nullopt);
    EXPECT_EQ(top_level_status(""), std::nullopt);
}

} // namespace
} // namespace turngate::protocol
