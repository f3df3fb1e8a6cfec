#include "create.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

namespace turngate::bench {
namespace {

nlohmann::json message(const Create& create, std::string_view parent)
{
    std::string text;
    for (const std::string_view piece : create.pieces(parent))
        text += piece;
    return nlohmann::json::parse(text);
}

TEST(Create, IsAResponseCreateWithThatMuchInput)
{
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{10}, std::size_t{100'000}}) {
        const auto json = message(Create("sim-1", bytes, {}), "");
        EXPECT_EQ(json["type"], "response.create");
        EXPECT_EQ(json["model"], "sim-1");
        EXPECT_EQ(json["store"], false);
        EXPECT_FALSE(json.contains("previous_response_id"));
        EXPECT_EQ(json["input"][0]["content"][0]["text"].get<std::string>().size(), bytes);
    }
}

TEST(Create, NamesTheParentAndIsOtherwiseTheSame)
{
    const Create create("sim-1", 20, {});
    auto child = message(create, "resp_1");
    EXPECT_EQ(child["previous_response_id"], "resp_1");
    child.erase("previous_response_id");
    EXPECT_EQ(child, message(create, ""));
}

TEST(Create, OverHttpAsksForAStreamAndKnowsNoType)
{
    const Create create("sim-1", 20, {Protocol::http, true});
    for (const std::string_view parent : {"", "resp_1"}) {
        const auto json = message(create, parent);
        EXPECT_FALSE(json.contains("type"));
        EXPECT_EQ(json["stream"], true);
        EXPECT_EQ(json["store"], true);
        EXPECT_EQ(json["model"], "sim-1");
        EXPECT_EQ(json.value("previous_response_id", ""), parent);
    }
}

TEST(Create, RefusesAModelThatWouldBreakTheJson)
{
    for (const char* model : {"", "a\"b", "a\\b", "a\nb"})
        EXPECT_THROW(Create(model, 1, {}), std::invalid_argument) << model;
}

} // namespace
} // namespace turngate::bench
