#include "turngate/protocol/codex_event.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace turngate::protocol {
namespace {

using nlohmann::json;

const NamedValues kHeaders{{"x-codex-primary-used-percent", "42.5"},
                           {"x-codex-primary-window-minutes", "300"},
                           {"x-codex-primary-reset-at", "4102444800"},
                           {"x-codex-secondary-used-percent", "100"},
                           {"x-codex-credits-has-credits", "true"},
                           {"x-codex-credits-balance", "a few"}};

TEST(RateLimits, OfHeadersAreTheEventAndBack)
{
    const std::string event = rate_limits_event(kHeaders);
    EXPECT_TRUE(event.starts_with(R"({"type":"codex.rate_limits",)"));
    EXPECT_EQ(json::parse(event),
              json::parse(R"({"type":"codex.rate_limits","rate_limits":{"allowed":false,)"
                          R"("limit_reached":true,"primary":{"used_percent":42.5,)"
                          R"("window_minutes":300,"reset_at":4102444800},)"
                          R"("secondary":{"used_percent":100}},)"
                          R"("credits":{"has_credits":true,"balance":"a few"}})"));
    EXPECT_EQ(rate_limit_headers(event), kHeaders);
}

TEST(RateLimits, ThatSpeakOfNoWindowAreNone)
{
    EXPECT_EQ(rate_limits_event({}), "");
    EXPECT_EQ(rate_limits_event({{"x-codex-primary-window-minutes", "300"}}), "");
    EXPECT_EQ(rate_limits_event({{"x-codex-primary-used-percent", "much"}}), "");
    EXPECT_EQ(rate_limits_event({{"x-codex-turn-state", "t"}}), "");
}

TEST(RateLimits, OfAHostileEventAreNoHeadersOrGoodOnes)
{
    for (const std::string& event :
         {std::string("{"),
          std::string("[]"),
          std::string(R"({"type":"response.created"})"),
          std::string(R"({"type":"codex.rate_limits"})"),
          std::string(R"({"type":"codex.rate_limits","rate_limits":[],"credits":3})"),
          std::string(R"({"type":"codex.rate_limits","rate_limits":{"primary":[1]}})"),
          std::string(R"({"type":"codex.rate_limits","credits":{"balance":"a\r\nx: y"}})"),
          R"({"type":"codex.rate_limits","rate_limits":)" + std::string(100'000, '[')})
        EXPECT_TRUE(rate_limit_headers(event).empty()) << event.substr(0, 100);
}

TEST(Metadata, NamesNoModel)
{
    const auto without = [](std::string_view headers) {
        return without_model(R"({"type":"response.metadata","headers":)" + std::string(headers) +
                             "}");
    };
    EXPECT_EQ(without(R"({"openai-model":"m"})"), "");
    EXPECT_EQ(without(R"({"OpenAI-Model":"m","X-OpenAI-Model":"m"})"), "");
    EXPECT_EQ(without(R"({"openai-model":"m","x-codex-turn-state":"t"})"),
              R"({"type":"response.metadata","headers":{"x-codex-turn-state":"t"}})");
    for (const std::string_view event :
         {R"({"type":"response.metadata","headers":{"x-codex-turn-state":"t"}})",
          R"({"type":"response.metadata","headers":["openai-model"]})",
          R"({"type":"response.metadata"})",
          R"({"type":"codex.other","headers":{"openai-model":"m"}})",
          R"({"type":"response.metadata","headers":{"openai-model")"})
        EXPECT_EQ(without_model(event), event);
}

} // namespace
} // namespace turngate::protocol
