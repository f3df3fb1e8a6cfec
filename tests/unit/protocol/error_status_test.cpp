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
        {R"({"type":"error","status":400.5})", R"({"type":"error","status":400})"},
        {R"( { "error" : {"message":"m"} } )",
         R"( {"type":"error","status":400, "error" : {"message":"m"} } )"},
        {R"({"error":"m","status":503})", R"({"type":"error","error":"m","status":400})"},
        {R"({"type":null,"error":"m","status":[]})",
         R"({"type":"error","error":"m","status":400})"},
    };
    for (const auto& [event, mended] : rows) {
        EXPECT_EQ(peek_kind(event), EventKind::error) << event;
        EXPECT_EQ(top_level_status(event), std::nullopt) << event;
        EXPECT_EQ(with_status(event, 400), mended);
        EXPECT_EQ(top_level_status(mended), 400);
    }
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
