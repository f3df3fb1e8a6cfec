#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace turngate::protocol {
namespace {

using enum EventKind;

// Every type of protocol.md section 3.
constexpr std::pair<std::string_view, EventKind> kTypes[] = {
    {"response.created", created},
    {"response.queued", lifecycle},
    {"response.in_progress", lifecycle},
    {"response.completed", completed},
    {"response.failed", failed},
    {"response.incomplete", incomplete},
    {"response.output_item.added", content},
    {"response.output_item.done", item_done},
    {"response.content_part.added", content},
    {"response.content_part.done", content},
    {"response.output_text.delta", delta},
    {"response.output_text.done", content},
    {"response.output_text.annotation.added", content},
    {"response.refusal.delta", delta},
    {"response.refusal.done", content},
    {"response.reasoning_summary_part.added", content},
    {"response.reasoning_summary_part.done", content},
    {"response.reasoning_summary_text.delta", delta},
    {"response.reasoning_summary_text.done", content},
    {"response.reasoning_text.delta", delta},
    {"response.reasoning_text.done", content},
    {"response.function_call_arguments.delta", delta},
    {"response.function_call_arguments.done", content},
    {"response.custom_tool_call_input.delta", delta},
    {"response.custom_tool_call_input.done", content},
    {"response.mcp_call_arguments.delta", delta},
    {"response.mcp_call_arguments.done", content},
    {"response.web_search_call.in_progress", content},
    {"response.web_search_call.searching", content},
    {"response.web_search_call.completed", content},
    {"response.file_search_call.in_progress", content},
    {"response.file_search_call.searching", content},
    {"response.file_search_call.completed", content},
    {"response.code_interpreter_call.in_progress", content},
    {"response.code_interpreter_call.interpreting", content},
    {"response.code_interpreter_call.completed", content},
    {"response.code_interpreter_call_code.delta", delta},
    {"response.code_interpreter_call_code.done", content},
    {"response.image_generation_call.in_progress", content},
    {"response.image_generation_call.generating", content},
    {"response.image_generation_call.partial_image", content},
    {"response.image_generation_call.completed", content},
    {"response.mcp_call.in_progress", content},
    {"response.mcp_call.completed", content},
    {"response.mcp_call.failed", content},
    {"response.mcp_list_tools.in_progress", content},
    {"response.mcp_list_tools.completed", content},
    {"response.mcp_list_tools.failed", content},
    {"response.shell_call_command.added", content},
    {"response.shell_call_command.delta", delta},
    {"response.shell_call_command.done", content},
    {"response.shell_call_output_content.delta", delta},
    {"response.shell_call_output_content.done", content},
    {"response.audio.delta", delta},
    {"response.audio.done", content},
    {"response.audio.transcript.delta", delta},
    {"response.audio.transcript.done", content},
    {"response.compaction.compacting", lifecycle},
    {"response.steer.accepted", steer},
    {"response.steer.pending", steer},
    {"response.steer.failed", steer},
    {"response.steer", lifecycle},
    {"response.steer.rejected", lifecycle},
    {"response.inject.created", control},
    {"response.inject.failed", control},
    {"error", EventKind::error},
    {"response.metadata", lifecycle},
    {"codex.rate_limits", lifecycle},
    {"responsesapi.websocket_timing", lifecycle},
    {"response.interrupt.accepted", control},
    {"response.output_item.interrupted", control},
    {"response.cancelled", lifecycle},
    {"response.createx", lifecycle},
    {"Error", lifecycle},
    {"", lifecycle},
    {"a.type.nobody.knows.yet.which.is.longer.than.all.the.names.we.do.know.and.ends.in.delta",
     delta},
    {"a.type.nobody.knows.yet.which.is.longer.than.all.the.names.we.do.know.and.ends.in.done",
     lifecycle},
    {"keepalive", lifecycle},
    {"response.rate_limits.updated", lifecycle},
    {"response.video_generation_call.rendering", content}, // tools of tomorrow
    {"response.smell.done", content},
    {"response.smell.sniffing", lifecycle},
    {"response.output_item", lifecycle},
    {"response.", lifecycle},
    {"response", lifecycle},
    {"x_call.done", lifecycle},
};

std::string escaped(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        char unit[7];
        std::snprintf(unit, sizeof unit, "\\u%04x", static_cast<unsigned>(c));
        out += unit;
    }
    return out;
}

TEST(PeekKind, KnowsEveryTypeWhereverItStands)
{
    for (const auto& [type, kind] : kTypes) {
        const std::string name(type);
        EXPECT_EQ(peek_kind("{\"type\":\"" + name + "\",\"x\":1}"), kind) << name;
        EXPECT_EQ(peek_kind(" {\t\"type\"\n:\r\"" + name + "\"}"), kind) << name;
        EXPECT_EQ(peek_kind("{\"x\":{\"type\":\"error\"},\"type\":\"" + name + "\"}"), kind)
            << name;
        EXPECT_EQ(peek_kind("{\"type\":\"" + escaped(name) + "\"}"), kind) << name;
        EXPECT_EQ(peek_kind("{\"x\":0,\"\\u0074ype\":\"" + escaped(name) + "\"}"), kind) << name;
    }
}

TEST(PeekKind, IsNotFooledByWhatStandsBeforeTheType)
{
    for (const std::string_view before : {R"("a":"}{\"type\":\"x\"")",
                                          R"("a":"\\")",
                                          R"("a":"\\\"")",
                                          R"("a":[[{"type":"response.failed"}],"]"])",
                                          R"("a":{},"b":[],"c":-1.5e3,"d":null)",
                                          R"("Type":"x","type ":"x","typ":"x","typex":"x")",
                                          R"("\"type\"":"x")",
                                          R"("":"type")"}) {
        EXPECT_EQ(peek_kind("{" + std::string(before) + R"(,"type":"response.completed"})"),
                  completed)
            << before;
        EXPECT_EQ(peek_kind("{ " + std::string(before) + R"( , "type" : "error" })"),
                  EventKind::error)
            << before;
    }
}

TEST(PeekKind, TakesAnythingElseForLifecycle)
{
    for (const std::string_view frame : {"",
                                         " ",
                                         "{",
                                         "{}",
                                         "[]",
                                         "null",
                                         "\"error\"",
                                         "error",
                                         R"([{"type":"error"}])",
                                         R"({"type":5})",
                                         R"({"type":null})",
                                         R"({"type":["error"]})",
                                         R"({"type":)",
                                         R"({"type")",
                                         R"({"type":"error)",
                                         R"({"type":"error\")",
                                         R"({"a":{"type":"error"}})",
                                         R"({"a":"type","b":"error"})",
                                         R"({"type":"err\u006")",
                                         R"({"type":"\x"})",
                                         R"({"type":"error\ud800"})",
                                         R"({"a":"b)",
                                         R"({"a":[[[)",
                                         R"({"a" "type":"error"})"})
        EXPECT_EQ(peek_kind(frame), lifecycle) << frame;
}

TEST(PeekKind, ReadsTheEndOfAResponseThatIsDoneFromItsStatus)
{
    const std::pair<std::string_view, EventKind> rows[] = {
        {R"({"type":"response.done","response":{"id":"r","status":"completed"}})", completed},
        {R"({"type":"response.done","response":{"output":[{"status":"failed"}]}})", completed},
        {R"({"response":{"output":[{"status":"x"}],"status":"failed"},"type":"response.done"})",
         failed},
        {R"({"type":"response\u002edone","response":{"status":"incomplete"}})", incomplete},
        {R"({"type":"response.done","response":{"status":"cancelled"}})", incomplete},
        {R"({"type":"response.done","response":{"status":null}})", completed},
        {R"({"type":"response.done","response":null})", completed},
        {R"({"type":"response.done"})", completed},
        {R"({"type":"response.done","status":"failed"})", completed},
    };
    for (const auto& [frame, kind] : rows)
        EXPECT_EQ(peek_kind(frame), kind) << frame;
}

TEST(PeekKind, TakesAnErrorWithoutATypeForOne)
{
    for (const std::string_view frame : {R"({"error":{"message":"m","type":"api_error"}})",
                                         R"({"error":"The model is gone"})",
                                         R"({"type":null,"error":{"code":1}})",
                                         R"( { "x":[{"error":null}], "err\u006fr" : { } } )",
                                         R"({"type":5,"error":""})"})
        EXPECT_EQ(peek_kind(frame), EventKind::error) << frame;
    for (const std::string_view frame : {R"({"error":null})",
                                         R"({"error":5})",
                                         R"({"error":["m"]})",
                                         R"({"x":{"error":"m"}})",
                                         R"({"type":"","error":"m"})",
                                         R"({"type":"keepalive","error":{"code":"x"}})"})
        EXPECT_EQ(peek_kind(frame), lifecycle) << frame;
}

TEST(PeekOutputIndex, ReadsAWholeNumberAtTheTop)
{
    EXPECT_EQ(peek_output_index(R"({"type":"x","output_index":3,"item":{}})"), 3u);
    EXPECT_EQ(peek_output_index(R"({"item":{"output_index":1}, "output_index" : 0 })"), 0u);
    EXPECT_EQ(peek_output_index(R"({"output_index":4294967295})"), 4294967295u);
    for (const std::string_view odd :
         {"null", "-1", "1.0", "1e2", "4294967296", R"("3")", "[3]", "{}"})
        EXPECT_EQ(peek_output_index(R"({"output_index":)" + std::string(odd) + "}"), std::nullopt)
            << odd;
    EXPECT_EQ(peek_output_index(R"({"item":{"output_index":1}})"), std::nullopt);
    EXPECT_EQ(peek_output_index(""), std::nullopt);
}

TEST(PeekResponseId, ReadsItWhereverItStands)
{
    const std::pair<std::string_view, std::string_view> rows[] = {
        {R"({"type":"response.created","response":{"object":"response","id":"r1"}})", "r1"},
        {R"({"response":{"output":[{"id":"x"}],"id" : "r2"},"response_id":"no"})", "r2"},
        {R"({"type":"response.inject.created","response_id":"r3","id":"no"})", "r3"},
        {R"({"response":null,"response_id":"r4"})", "r4"},
        {R"({"response":{"id":7},"response_id":"r5"})", "r5"},
        {R"({"response":{"id":"a\"b"}})", R"(a\"b)"},
        {R"({"response":{"x":{"id":"no"}}})", ""},
        {R"({"response":{"x":1},"id":"no"})", ""},
        {R"({"id":"no"})", ""},
        {R"({"response":{"id":"r)", ""},
        {"", ""},
    };
    for (const auto& [frame, id] : rows)
        EXPECT_EQ(peek_response_id(frame), id) << frame;
    const std::string_view frame = rows[0].first;
    EXPECT_EQ(peek_response_id(frame).data(), frame.data() + frame.find("r1"));
}

TEST(IsTerminal, HoldsForWhatEndsAResponseOrARequest)
{
    for (const EventKind kind : {completed, failed, incomplete, EventKind::error})
        EXPECT_TRUE(is_terminal(kind)) << int(kind);
    for (const EventKind kind : {created, lifecycle, content, delta, item_done, steer, control})
        EXPECT_FALSE(is_terminal(kind)) << int(kind);
}

TEST(PeekStreamId, ReadsTheTopLevelOnly)
{
    EXPECT_EQ(peek_stream_id(R"({"type":"error","stream_id":"main"})"), "main");
    EXPECT_EQ(peek_stream_id(R"({"stream_id" : "a.b-C_1","type":"x"})"), "a.b-C_1");
    EXPECT_EQ(peek_stream_id(R"({"a":{"stream_id":"in"},"stream_id":"out"})"), "out");
    EXPECT_EQ(peek_stream_id(R"({"a":"\"stream_id\":\"in\"","stream_id":"out"})"), "out");
    EXPECT_EQ(peek_stream_id(R"({"a":{"stream_id":"in"}})"), "");
    EXPECT_EQ(peek_stream_id(R"({"a":"stream_id"})"), "");
    EXPECT_EQ(peek_stream_id(R"({"type":"x"})"), "");
    EXPECT_EQ(peek_stream_id(""), "");
}

TEST(PeekStreamId, GivesValidNamesOnly)
{
    EXPECT_EQ(peek_stream_id(R"({"stream_id":null})"), "");
    EXPECT_EQ(peek_stream_id(R"({"stream_id":""})"), "");
    EXPECT_EQ(peek_stream_id(R"({"stream_id":"a b"})"), "");
    EXPECT_EQ(peek_stream_id(R"({"stream_id":"a\"b"})"), "");
    EXPECT_EQ(peek_stream_id(R"({"stream_id":"a)"), "");
    EXPECT_EQ(peek_stream_id(R"({"stream_id":7})"), "");
}

TEST(PeekStreamId, IsAViewOfTheFrame)
{
    const std::string frame = R"({"type":"x","stream_id":"lane"})";
    EXPECT_EQ(peek_stream_id(frame).data(), frame.data() + frame.find("lane"));
}

TEST(PeekTurnState, GivesTheTokenAsItStands)
{
    const auto in_headers = [](std::string_view headers) {
        return R"({"type":"response.metadata","headers":)" + std::string(headers) + "}";
    };
    EXPECT_EQ(peek_turn_state(in_headers(R"({"x-codex-turn-state":"gAAA=="})")), "gAAA==");
    EXPECT_EQ(peek_turn_state(in_headers(R"({"a":[{}], "x-codex-turn-state" : "s" ,"b":1})")), "s");
    EXPECT_EQ(peek_turn_state(in_headers(R"({"x-codex-turn-state":"a\"b\\\u00e9\\"})")),
              R"(a\"b\\\u00e9\\)");
    const std::string frame =
        R"( { "headers":{"x-codex-turn-state":"s"},"type":"response.metadata"})";
    EXPECT_EQ(peek_turn_state(frame).data(), frame.data() + frame.find("s\"}"));
}

TEST(PeekTurnState, TakesNothingElseForIt)
{
    for (const std::string_view frame :
         {"",
          R"({"type":"response.metadata"})",
          R"({"type":"response.metadata","headers":null})",
          R"({"type":"response.metadata","headers":["x-codex-turn-state"]})",
          R"({"type":"response.metadata","headers":{"a":"x-codex-turn-state"}})",
          R"({"type":"response.metadata","headers":{"a":{"x-codex-turn-state":"s"}}})",
          R"({"type":"response.metadata","headers":{"x-codex-turn-state":null}})",
          R"({"type":"response.metadata","headers":{"x-codex-turn-state":""}})",
          R"({"type":"response.metadata","headers":{"x-codex-turn-state":"s)",
          R"({"type":"response.metadata","x-codex-turn-state":"s"})",
          R"({"type":"response.metadata","a":{"headers":{"x-codex-turn-state":"s"}}})",
          R"({"type":"response.output_text.delta","headers":{"x-codex-turn-state":"s"}})"})
        EXPECT_EQ(peek_turn_state(frame), "") << frame;
}

} // namespace
} // namespace turngate::protocol
