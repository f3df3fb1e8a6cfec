#include "client_event.hpp"

#include <gtest/gtest.h>

namespace turngate::sim {
namespace {

struct Refused
{
    const char* event;
    const char* code;
    const char* param;
    const char* lane = "";
};

class ClientEventRefused : public testing::TestWithParam<Refused>
{
};

TEST_P(ClientEventRefused, SaysWhatIsWrong)
{
    const auto event = read_client_event(GetParam().event, {});
    const auto* refusal = std::get_if<Refusal>(&event);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->error.status, 400);
    EXPECT_EQ(refusal->error.code, GetParam().code);
    EXPECT_EQ(refusal->error.param, GetParam().param);
    EXPECT_EQ(refusal->lane, GetParam().lane);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    ClientEventRefused,
    testing::Values(
        Refused{"{", "invalid_json", ""},
        Refused{"[1]", "invalid_type", "type"},
        Refused{R"({"model":"m"})", "missing_required_parameter", "type"},
        Refused{R"({"type":7})", "invalid_type", "type"},
        Refused{R"({"type":"response.cancel"})", "invalid_value", "type"},
        Refused{
            R"({"type":"response.inject","response_id":"r","input":[]})", "invalid_value", "type"},
        Refused{R"({"type":"response.create"})", "missing_required_parameter", "model"},
        Refused{R"({"type":"response.create","model":1})", "invalid_type", "model"},
        Refused{R"({"type":"response.create","model":"m","stream_id":""})",
                "invalid_stream_id",
                "stream_id"},
        Refused{R"({"type":"response.create","model":"m","stream_id":"a b"})",
                "invalid_stream_id",
                "stream_id"},
        Refused{R"({"type":"response.create","model":"m","stream_id":1})",
                "invalid_stream_id",
                "stream_id"},
        Refused{R"({"type":"response.create","model":"m","stream_id":"a","input":1})",
                "invalid_type",
                "input",
                "a"},
        Refused{R"({"type":"response.create","model":"m","store":"yes"})", "invalid_type", "store"},
        Refused{R"({"type":"response.create","model":"m","background":true})",
                "unsupported_parameter",
                "background"},
        Refused{
            R"({"type":"response.create","model":"m","previous_response_id":"r","conversation":"c"})",
            "mutually_exclusive_parameters",
            "previous_response_id"},
        Refused{
            R"({"type":"response.steer","previous_response_id":"r","input":"x","stream_id":"a"})",
            "unknown_parameter",
            "stream_id"},
        Refused{R"({"type":"response.steer","input":"x"})",
                "missing_required_parameter",
                "previous_response_id"},
        Refused{R"({"type":"response.interrupt","response_id":"r"})", "invalid_type", "mode"}));

TEST(ClientEvent, RefusesLanesWhereThereAreNone)
{
    const auto event = read_client_event(
        R"({"type":"response.create","model":"m","stream_id":"a"})", {.lanes = false});
    ASSERT_TRUE(std::holds_alternative<Refusal>(event));
    EXPECT_EQ(std::get<Refusal>(event).error.code, "unknown_parameter");
    EXPECT_EQ(std::get<Refusal>(event).error.param, "stream_id");
    EXPECT_EQ(std::get<Refusal>(event).lane, "");
}

TEST(ClientEvent, RefusesNestingThatWouldExhaustTheStack)
{
    const auto event = read_client_event(std::string(2'000'000, '['), {});
    ASSERT_TRUE(std::holds_alternative<Refusal>(event));
    EXPECT_EQ(std::get<Refusal>(event).error.code, "invalid_json");
}

TEST(ClientEvent, ReadsTheFieldsOfACreate)
{
    const auto event = read_client_event(
        R"({"type":"response.create","model":"m","stream":true,"client_metadata":{"a":"b"},"service_tier":"fast",
            "stream_id":"x.y-z_1","previous_response_id":"resp_1","store":false,"novelty":[1],
            "prompt_cache_options":{"prewarm":true},"tool_choice":{"type":"function","name":"f"}})",
        {});
    ASSERT_TRUE(std::holds_alternative<Create>(event));
    const auto& create = std::get<Create>(event);
    EXPECT_EQ(create.lane, "x.y-z_1");
    EXPECT_EQ(create.parent, "resp_1");
    EXPECT_EQ(create.service_tier, "priority");
    EXPECT_EQ(create.forced_tool, "f");
    EXPECT_FALSE(create.store);
    EXPECT_FALSE(create.generate);
}

TEST(Input, FindsCallsOutputsAndTheLastText)
{
    const auto event = read_client_event(
        R"({"type":"response.create","model":"m","input":[
            {"role":"user","content":[{"type":"input_text","text":"one "},{"type":"input_text","text":"two"}]},
            {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
            {"type":"unheard_of","x":1},
            {"type":"function_call_output","call_id":"c1","output":"done"}]})",
        {});
    const Input& input = std::get<Create>(event).input;
    EXPECT_EQ(input.user_text, "one two");
    EXPECT_EQ(input.tool_output, "done");
    EXPECT_EQ(input.last, Input::Last::tool_output);
    ASSERT_EQ(input.calls.size(), 2u);
    EXPECT_FALSE(input.calls[0].is_output);
    EXPECT_TRUE(input.calls[1].is_output);
    EXPECT_EQ(input.calls[1].call.type, "function_call");
}

TEST(Input, CountsATokenForFourBytesOfJson)
{
    const auto tokens = [](const std::string& input) {
        const auto event = read_client_event(
            R"({"type":"response.create","model":"m","input":)" + input + "}", {});
        return std::get<Create>(event).input.tokens();
    };
    EXPECT_EQ(tokens(R"("abc")"), 2); // five bytes
    EXPECT_EQ(tokens(R"("ab")"), 1);
    EXPECT_EQ(tokens("[]"), 0);
    EXPECT_EQ(tokens("null"), 0);
}

TEST(ClientEvent, TakesHalvesOfSurrogatePairsAsTheVendorDoes)
{
    const struct
    {
        const char* escaped;
        const char* said; // UTF-8
    } rows[] = {
        {R"(\ud83d)", "\xef\xbf\xbd"},
        {R"(\ude00\ud83d)", "\xef\xbf\xbd\xef\xbf\xbd"},
        {R"(\ud83d\ude00)", "\xf0\x9f\x98\x80"},
        {R"(\ud83d\ud83d\ude00)", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {R"(\\ud83d \ude00)", "\\ud83d \xef\xbf\xbd"},
    };
    for (const auto& row : rows) {
        const std::string text =
            R"({"type":"response.create","model":"m","input":")" + std::string(row.escaped) + "\"}";
        const auto event = read_client_event(text, {});
        const auto* create = std::get_if<Create>(&event);
        ASSERT_TRUE(create) << row.escaped;
        EXPECT_EQ(create->input.user_text, row.said);
    }
}

} // namespace
} // namespace turngate::sim
