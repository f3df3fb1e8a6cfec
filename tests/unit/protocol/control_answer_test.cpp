#include "turngate/protocol/control_answer.hpp"

#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace turngate::protocol {
namespace {

using nlohmann::json;

TEST(SteerFailed, GivesTheInputBackAsItCame)
{
    EXPECT_EQ(
        steer_failed_event(
            "response_not_active", "It is \"over\".", R"([ {"role":"user"} ])", "resp_1", "a"),
        R"({"type":"response.steer.failed","stream_id":"a","error":{"code":"response_not_active",)"
        R"("message":"It is \"over\".","type":"invalid_request_error"},)"
        R"("steer":{"input":[ {"role":"user"} ],"previous_response_id":"resp_1"},)"
        R"("sequence_number":0})");
}

TEST(SteerFailed, IsReadAsItWasMeant)
{
    const std::string event =
        steer_failed_event("response_not_found", "m", R"("stop\n")", "resp_\"1\"", "");
    EXPECT_EQ(peek_kind(event), EventKind::steer);
    EXPECT_EQ(json::parse(event)["steer"]["input"], "stop\n");
    EXPECT_FALSE(json::parse(event).contains("stream_id"));
    UpstreamEventReader reader;
    const SteerEvent read = reader.read_steer(event);
    EXPECT_EQ(read.which, SteerStep::failed);
    EXPECT_EQ(read.id, "");
    EXPECT_EQ(read.previous_response_id, "resp_\"1\"");
}

TEST(InjectFailed, HasTheFieldsOfThePublicType)
{
    EXPECT_EQ(inject_failed_event(
                  "response_not_found", "m", R"([{"type":"function_call_output"}])", "resp_1", ""),
              R"({"type":"response.inject.failed","error":{"code":"response_not_found",)"
              R"("message":"m"},"input":[{"type":"function_call_output"}],)"
              R"("response_id":"resp_1","sequence_number":0})");
    EXPECT_EQ(peek_stream_id(inject_failed_event("c", "m", "[]", "resp_1", "a")), "a");
}

TEST(InterruptAccepted, NamesTheResponse)
{
    EXPECT_EQ(interrupt_accepted_event("resp_1", ""),
              R"({"type":"response.interrupt.accepted","response_id":"resp_1",)"
              R"("sequence_number":0})");
    const std::string event = interrupt_accepted_event("resp_1", "a");
    EXPECT_EQ(peek_stream_id(event), "a");
    EXPECT_EQ(peek_kind(event), EventKind::control);
}

TEST(ControlAnswer, TellsWhichEventItAnswers)
{
    const struct
    {
        std::string_view event;
        std::optional<ControlKind> answers;
    } rows[] = {
        {R"({"type":"response.interrupt.accepted","response_id":"r"})", ControlKind::interrupt},
        {R"({"response_id":"r","type":"response.interrupt.\u0061ccepted"})",
         ControlKind::interrupt},
        {R"({"type":"response.inject.created"})", ControlKind::inject},
        {R"({"type":"response.inject.failed","error":{}})", ControlKind::inject},
        {R"({"type":"response.steer.accepted","steer":{"id":"s"}})", ControlKind::steer},
        {R"({"type":"response.steer.failed","steer":{"input":"x"}})", ControlKind::steer},
        {R"({"type":"response.steer.failed"})", ControlKind::steer},
        {R"({"type":"response.steer.failed","steer":{"id":"s"}})", std::nullopt}, // of a successor
        {R"({"type":"response.steer.pending","steer":{"id":"s"}})", std::nullopt},
        {R"({"type":"response.output_item.interrupted"})", std::nullopt},
        {R"({"type":"x","text":"\"response.inject.failed\""})", std::nullopt},
        {R"({"x":"response.inject.failed"})", std::nullopt},
        {"", std::nullopt},
    };
    for (const auto& [event, answers] : rows)
        EXPECT_EQ(control_answer(event), answers) << event;
}

} // namespace
} // namespace turngate::protocol
