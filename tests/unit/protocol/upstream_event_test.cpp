#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace turngate::protocol {
namespace {

TerminalEvent read(std::string_view frame)
{
    UpstreamEventReader reader;
    return reader.read_terminal(frame, peek_kind(frame));
}

TEST(UpstreamEvent, ReadsUsageAndNames)
{
    const TerminalEvent event = read(
        R"({"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","model":"gpt-6",)"
        R"("output":[{"id":"msg_1","usage":{"input_tokens":99},"content":[{"text":"a\"}"}]}],)"
        R"("tool_usage":{"image_gen":{"input_tokens":7},"web_search":{"num_requests":3}},)"
        R"("service_tier":"default","error":null,"incomplete_details":null,"usage":{"input_tokens":100,)"
        R"("input_tokens_details":{"cached_tokens":40,"cache_write_tokens":5},"output_tokens":20,)"
        R"("output_tokens_details":{"reasoning_tokens":8},"total_tokens":120}}})");
    EXPECT_EQ(event.kind, EventKind::completed);
    EXPECT_EQ(event.response_id, "resp_1");
    EXPECT_EQ(event.model, "gpt-6");
    EXPECT_EQ(event.service_tier, "default");
    EXPECT_EQ(event.error_code, "");
    const TokenUsage usage{.input = 100,
                           .cached = 40,
                           .cache_write = 5,
                           .output = 20,
                           .reasoning = 8,
                           .total = 120,
                           .web_searches = 3};
    EXPECT_EQ(event.usage, usage);
}

TEST(UpstreamEvent, ReadsUsageOfFailedAndIncompleteResponses)
{
    const TerminalEvent failed =
        read(R"({"type":"response.failed","response":{"id":"r","error":{"code":"server_error",)"
             R"("message":"m"},"usage":{"input_tokens":5,"output_tokens":1,"total_tokens":6}}})");
    EXPECT_EQ(failed.error_code, "server_error");
    EXPECT_EQ(failed.error_message, "m");
    ASSERT_TRUE(failed.usage);
    EXPECT_EQ(failed.usage->total, 6);

    const TerminalEvent incomplete =
        read(R"({"type":"response.incomplete","response":{"id":"r","incomplete_details":)"
             R"({"reason":"max_output_tokens"},"usage":{"input_tokens":5,"output_tokens":0}}})");
    EXPECT_EQ(incomplete.reason, "max_output_tokens");
    ASSERT_TRUE(incomplete.usage);
    EXPECT_EQ(incomplete.usage->input, 5);
    EXPECT_EQ(incomplete.usage->output, 0);
}

TEST(UpstreamEvent, HasNoUsageWhereNoneIsGiven)
{
    EXPECT_FALSE(read(R"({"type":"response.completed","response":{"id":"r","usage":null}})").usage);
    EXPECT_FALSE(read(R"({"type":"response.completed","response":{"id":"r"}})").usage);
    EXPECT_FALSE(read(R"({"type":"response.completed","response":null})").usage);
    EXPECT_FALSE(read(R"({"type":"error","status":500,"error":{"code":"x"}})").usage);
}

TerminalEvent with_usage(const std::string& usage)
{
    return read(R"({"type":"response.completed","response":{"id":"r","usage":)" + usage + "}}");
}

TEST(UpstreamEvent, TakesWhatHasNoCountsForNoUsage)
{
    for (const std::string usage : {
             R"({})",
             R"("none")",
             R"(7)",
             R"([1])",
             R"({"input_tokens":5})",
             R"({"output_tokens":5})",
             R"({"prompt_tokens":5})",
             R"({"prompt_tokens":5,"output_tokens":1})",
             R"({"input_tokens":"5","output_tokens":1})",
             R"({"input_tokens":null,"output_tokens":1})",
             R"({"input_tokens":-5,"output_tokens":1})",
             R"({"input_tokens":5,"output_tokens":1.5})",
             R"({"input_tokens":12.0,"output_tokens":1})",
             R"({"input_tokens":1e30,"output_tokens":1})",
             R"({"input_tokens":9007199254740993,"output_tokens":1})",
             R"({"input_tokens":99999999999999999999999,"output_tokens":1})",
             R"({"input_tokens":[5],"output_tokens":1})",
             R"({"total_tokens":7})",
         }) {
        const TerminalEvent event = with_usage(usage);
        EXPECT_FALSE(event.usage) << usage;
        EXPECT_TRUE(event.has_odd_usage) << usage;
    }
    EXPECT_FALSE(with_usage("null").has_odd_usage);
    EXPECT_FALSE(with_usage(R"({"input_tokens":0,"output_tokens":0})").has_odd_usage);
}

TEST(UpstreamEvent, MakesTheBestOfUsageThatHasCounts)
{
    const struct
    {
        std::string usage;
        TokenUsage read;
    } rows[] = {
        {R"({"input_tokens":5,"output_tokens":2})", {.input = 5, .output = 2, .total = 7}},
        {R"({"input_tokens":5,"output_tokens":2,"total_tokens":"x"})",
         {.input = 5, .output = 2, .total = 7}},
        {R"({"input_tokens":5,"output_tokens":2,"total_tokens":1})",
         {.input = 5, .output = 2, .total = 7}},
        {R"({"input_tokens":5,"output_tokens":2,"total_tokens":9})",
         {.input = 5, .output = 2, .total = 9}},
        {R"({"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":3}})",
         {.input = 5, .cached = 3, .output = 2, .total = 7}},
        {R"({"prompt_tokens":1,"completion_tokens":1,"input_tokens":5,"output_tokens":2})",
         {.input = 5, .output = 2, .total = 7}},
        {R"({"input_tokens":5,"output_tokens":2,"input_tokens_details":{"cached_tokens":9,"cache_write_tokens":9},"output_tokens_details":{"reasoning_tokens":9}})",
         {.input = 5, .cached = 5, .output = 2, .reasoning = 2, .total = 7}},
        {R"({"input_tokens":5,"output_tokens":2,"input_tokens_details":{"cached_tokens":-1},"output_tokens_details":null})",
         {.input = 5, .output = 2, .total = 7}},
        {R"({"input_tokens":9007199254740992,"output_tokens":9007199254740992})",
         {.input = 9007199254740992, .output = 9007199254740992, .total = 18014398509481984}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(with_usage(row.usage).usage, row.read) << row.usage;
        EXPECT_FALSE(with_usage(row.usage).has_odd_usage) << row.usage;
    }
}

TEST(UpstreamEvent, CountsWebSearchesWithoutUsageToo)
{
    const auto searches = [](const std::string& count) {
        return read(R"({"type":"response.completed","response":{"tool_usage":{"web_search":)"
                    R"({"num_requests":)" +
                    count + "}}}}")
            .web_searches;
    };
    EXPECT_EQ(searches("3"), 3);
    EXPECT_EQ(searches("-3"), 0);
    EXPECT_EQ(searches("\"3\""), 0);
}

TEST(UpstreamEvent, ReadsBothShapesOfErrors)
{
    const TerminalEvent nested = read(
        R"({"type":"error","status":400,"stream_id":"main","error":{"type":"invalid_request_error",)"
        R"("code":"previous_response_not_found","message":"gone","param":null}})");
    EXPECT_EQ(nested.kind, EventKind::error);
    EXPECT_EQ(nested.status, 400);
    EXPECT_EQ(nested.error_code, "previous_response_not_found");
    EXPECT_EQ(nested.error_message, "gone");

    const TerminalEvent flat = read(
        R"({"type":"error","code":"server_error","message":"oops","param":null,"sequence_number":3})");
    EXPECT_EQ(flat.status, 0);
    EXPECT_EQ(flat.error_code, "server_error");
    EXPECT_EQ(flat.error_message, "oops");
}

TEST(UpstreamEvent, ReadsAStatusWhereverItStands)
{
    const std::pair<std::string_view, int> rows[] = {
        {R"("status":429)", 429},
        {R"("status":"429")", 429},
        {R"("status_code":429)", 429},
        {R"("status":null,"status_code":"429")", 429},
        {R"("error":{"status":429})", 429},
        {R"("error":{"status":500},"status":429)", 429},
        {R"("error":{"status_code":"429"},"status":null)", 429},
        {R"("error":{"code":429})", 429}, // vLLM
        {R"("code":429,"message":"m")", 429},
        {R"("error":{"code":"x","status":400},"code":429)", 400},
        {R"("status":503,"status_code":429)", 503},
        {R"("status_code":429,"status":503)", 503},
        {R"("status":-4)", 0},
        {R"("status":4000000000)", 0},
        {R"("status":{"code":429})", 0},
        {R"("status":"429 Too Many Requests")", 0},
        {R"("status":"")", 0},
        {R"("status":12345678901234567890)", 0},
        {R"("status":42)", 0},
        {R"("error":{"code":1211})", 0}, // a vendor's own number
    };
    for (const auto& [fields, status] : rows)
        EXPECT_EQ(read(R"({"type":"error",)" + std::string(fields) + "}").status, status) << fields;
}

TEST(UpstreamEvent, ReadsErrorsOfEveryVendor)
{
    const TerminalEvent typeless = read(R"({"error":{"message":"gone","type":"api_error"}})");
    EXPECT_EQ(typeless.kind, EventKind::error);
    EXPECT_EQ(typeless.error_message, "gone");
    EXPECT_EQ(typeless.error_type, "api_error");
    EXPECT_EQ(typeless.error_code, "");

    const TerminalEvent text = read(R"({"error":"The model\nis gone","code":"no_model"})");
    EXPECT_EQ(text.error_message, "The model\nis gone");
    EXPECT_EQ(text.error_code, "no_model");

    const TerminalEvent number =
        read(R"({"type":"error","error":{"message":"m","type":"BadRequestError","code":400}})");
    EXPECT_EQ(number.error_code, "400");
    EXPECT_EQ(number.status, 400);
}

TEST(UpstreamEvent, ReadsAResponseThatIsDone)
{
    const TerminalEvent event =
        read(R"({"type":"response.done","response":{"id":"r","status":"failed","error":)"
             R"({"code":"server_error","type":"t"}}})");
    EXPECT_EQ(event.kind, EventKind::failed);
    EXPECT_EQ(event.response_id, "r");
    EXPECT_EQ(event.error_code, "server_error");
    EXPECT_EQ(event.error_type, "t");
}

TEST(UpstreamEvent, ShowsTheOutputAsItStands)
{
    const std::string frame =
        R"({"type":"response.completed","response":{"output" : [ {"id":"a"},{}] ,"id":"r"}})";
    const TerminalEvent event = read(frame);
    EXPECT_EQ(event.output, R"([ {"id":"a"},{}])");
    EXPECT_EQ(event.output.data(), frame.data() + frame.find('['));
    for (const std::string_view odd : {"null", "{}", "\"[]\"", "7"})
        EXPECT_EQ(
            read(R"({"type":"response.completed","response":{"output":)" + std::string(odd) + "}}")
                .output,
            "")
            << odd;
    EXPECT_EQ(read(R"({"type":"response.completed","output":[1]})").output, "");
}

TEST(UpstreamEvent, PrefersTheNestedShape)
{
    for (
        const std::string_view frame :
        {R"({"type":"error","code":"flat","message":"f","error":{"code":"nested","message":"n"}})",
         R"({"type":"error","error":{"code":"nested","message":"n"},"code":"flat","message":"f"})"}) {
        EXPECT_EQ(read(frame).error_code, "nested");
        EXPECT_EQ(read(frame).error_message, "n");
    }
    EXPECT_EQ(read(R"({"type":"error","error":{"code":null},"code":"flat"})").error_code, "flat");
}

TEST(UpstreamEvent, LeavesOddFieldsAlone)
{
    const TerminalEvent event = read(
        R"({"type":"response.completed","response":{"id":5,"model":null,"service_tier":["x"],)"
        R"("error":"text","usage":[1],"tool_usage":{"web_search":4},"incomplete_details":{"reason":1}}})");
    EXPECT_EQ(event.response_id, "");
    EXPECT_EQ(event.model, "");
    EXPECT_EQ(event.service_tier, "");
    EXPECT_EQ(event.reason, "");
    EXPECT_FALSE(event.usage);
}

TEST(UpstreamEvent, KeepsWhatItReadBeforeTheJsonBreaksOff)
{
    for (const std::string_view rest :
         {"", "}", ",", ",\"x\":tru}}", ",\"x\":[1}}", "]}", "}}}", "}},"}) {
        const TerminalEvent event =
            read(R"({"type":"response.completed","response":{"id":"r","usage":{"input_tokens":7,)"
                 R"("output_tokens":0})" +
                 std::string(rest));
        EXPECT_EQ(event.response_id, "r") << rest;
        ASSERT_TRUE(event.usage) << rest;
        EXPECT_EQ(event.usage->total, 7) << rest;
    }
}

TEST(UpstreamEvent, SurvivesAFrameCutAtAnyByte)
{
    UpstreamEventReader reader;
    const std::string frame =
        R"({"type":"error","status":1,"response":{"id":"r\n","usage":{"total_tokens":7}},"error":{}})";
    for (std::size_t n = 0; n < frame.size(); ++n) {
        const std::string cut = frame.substr(0, n);
        const std::string id = reader.read_terminal(cut, EventKind::error).response_id;
        EXPECT_TRUE(id.empty() || id == "r\n") << cut;
    }
}

TEST(UpstreamEvent, ReadsSteerEvents)
{
    const struct
    {
        std::string_view frame;
        SteerStep which;
        std::string_view id;
    } rows[] = {
        {R"({"type":"response.steer.accepted","sequence_number":4,"stream_id":"a",)"
         R"("steer":{"id":"steer_1","previous_response_id":"resp_1"}})",
         SteerStep::accepted,
         "steer_1"},
        {R"({"steer":{"previous_response_id":"resp_1","id":"steer_1"},"reason":"x",)"
         R"("required_input":[{"steer":{"id":"no"}}],"type":"response.steer.pending"})",
         SteerStep::pending,
         "steer_1"},
        {R"({"type":"response.steer.failed","error":{"code":"response_not_active","id":"no"},)"
         R"("steer":{"input":[{"id":"no"}],"previous_response_id":"resp_1"}})",
         SteerStep::failed,
         ""},
        {R"({"type":"response\u002esteer.\u0061ccepted","steer":{"previous_response_id":"resp_1"}})",
         SteerStep::accepted,
         ""},
    };
    UpstreamEventReader reader;
    for (const auto& [frame, which, id] : rows) {
        ASSERT_EQ(peek_kind(frame), EventKind::steer) << frame;
        const SteerEvent event = reader.read_steer(frame);
        EXPECT_EQ(event.which, which) << frame;
        EXPECT_EQ(event.id, id) << frame;
        EXPECT_EQ(event.previous_response_id, "resp_1") << frame;
    }
}

TEST(UpstreamEvent, LeavesOddSteerEventsAlone)
{
    UpstreamEventReader reader;
    for (const std::string_view steer :
         {"null", "7", R"("x")", R"(["id"])", R"({"id":1,"previous_response_id":{}})", "{"}) {
        const SteerEvent event = reader.read_steer(R"({"type":"response.steer.pending","steer":)" +
                                                   std::string(steer) + "}");
        EXPECT_EQ(event.which, SteerStep::pending) << steer;
        EXPECT_EQ(event.id, "") << steer;
        EXPECT_EQ(event.previous_response_id, "") << steer;
    }
}

} // namespace
} // namespace turngate::protocol
