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
    {"response.output_item.added", other},
    {"response.output_item.done", item_done},
    {"response.content_part.added", other},
    {"response.content_part.done", other},
    {"response.output_text.delta", delta},
    {"response.output_text.done", other},
    {"response.output_text.annotation.added", other},
    {"response.refusal.delta", delta},
    {"response.refusal.done", other},
    {"response.reasoning_summary_part.added", other},
    {"response.reasoning_summary_part.done", other},
    {"response.reasoning_summary_text.delta", delta},
    {"response.reasoning_summary_text.done", other},
    {"response.reasoning_text.delta", delta},
    {"response.reasoning_text.done", other},
    {"response.function_call_arguments.delta", delta},
    {"response.function_call_arguments.done", other},
    {"response.custom_tool_call_input.delta", delta},
    {"response.custom_tool_call_input.done", other},
    {"response.mcp_call_arguments.delta", delta},
    {"response.mcp_call_arguments.done", other},
    {"response.web_search_call.in_progress", other},
    {"response.web_search_call.searching", other},
    {"response.web_search_call.completed", other},
    {"response.file_search_call.in_progress", other},
    {"response.file_search_call.searching", other},
    {"response.file_search_call.completed", other},
    {"response.code_interpreter_call.in_progress", other},
    {"response.code_interpreter_call.interpreting", other},
    {"response.code_interpreter_call.completed", other},
    {"response.code_interpreter_call_code.delta", delta},
    {"response.code_interpreter_call_code.done", other},
    {"response.image_generation_call.in_progress", other},
    {"response.image_generation_call.generating", other},
    {"response.image_generation_call.partial_image", other},
    {"response.image_generation_call.completed", other},
    {"response.mcp_call.in_progress", other},
    {"response.mcp_call.completed", other},
    {"response.mcp_call.failed", other},
    {"response.mcp_list_tools.in_progress", other},
    {"response.mcp_list_tools.completed", other},
    {"response.mcp_list_tools.failed", other},
    {"response.shell_call_command.added", other},
    {"response.shell_call_command.delta", delta},
    {"response.shell_call_command.done", other},
    {"response.shell_call_output_content.delta", delta},
    {"response.shell_call_output_content.done", other},
    {"response.audio.delta", delta},
    {"response.audio.done", other},
    {"response.audio.transcript.delta", delta},
    {"response.audio.transcript.done", other},
    {"response.compaction.compacting", other},
    {"response.steer.accepted", steer},
    {"response.steer.pending", steer},
    {"response.steer.failed", steer},
    {"response.steer", other},
    {"response.steer.rejected", other},
    {"response.inject.created", other},
    {"response.inject.failed", other},
    {"error", EventKind::error},
    {"response.metadata", lifecycle},
    {"codex.rate_limits", lifecycle},
    {"responsesapi.websocket_timing", other},
    {"response.interrupt.accepted", other},
    {"response.output_item.interrupted", other},
    {"response.cancelled", other},
    {"response.createx", other},
    {"Error", other},
    {"", other},
    {"a.type.nobody.knows.yet.which.is.longer.than.all.the.names.we.do.know.and.ends.in.delta",
     delta},
    {"a.type.nobody.knows.yet.which.is.longer.than.all.the.names.we.do.know.and.ends.in.done",
     other},
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

TEST(PeekKind, TakesAnythingElseForOther)
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
        EXPECT_EQ(peek_kind(frame), other) << frame;
}

TEST(IsTerminal, HoldsForWhatEndsAResponseOrARequest)
{
    for (const EventKind kind : {completed, failed, incomplete, EventKind::error})
        EXPECT_TRUE(is_terminal(kind)) << int(kind);
    for (const EventKind kind : {created, lifecycle, delta, item_done, steer, other})
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
