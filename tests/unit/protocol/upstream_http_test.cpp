#include "turngate/protocol/upstream_answer.hpp"
#include "turngate/protocol/upstream_create.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>

#include <string>

#include <nlohmann/json.hpp>

namespace turngate::protocol {
namespace {

using nlohmann::json;

json body_of(std::string_view create, const HttpWants& wants = {})
{
    return json::parse(http_body(create, wants).body);
}

TEST(HttpBody, IsTheCreateWithoutWhatBelongsToASocket)
{
    EXPECT_EQ(
        body_of(R"({"type":"response.create","stream_id":"a","generate":true,"background":true,)"
                R"("stream":false,"model":"m","input":"hi","store":true})"),
        json::parse(R"({"model":"m","input":"hi","store":true,"stream":true})"));
    EXPECT_EQ(body_of("{}"), json::parse(R"({"stream":true})"));
    HttpWants wants;
    wants.streams = false;
    EXPECT_EQ(body_of(R"({"stream":true,"model":"m"})", wants), json::parse(R"({"model":"m"})"));
}

TEST(HttpBody, LeavesOutWhatTheServerRefuses)
{
    HttpWants wants;
    wants.fields = {"prompt_cache_key"};
    wants.tools = {"web_search"};
    wants.items = {"reasoning"};
    EXPECT_EQ(
        body_of(
            R"({"prompt_cache_key":"k","tools":[{"type":"web_search"},{"type":"function","name":"f"}],)"
            R"("input":[{"type":"reasoning","id":"r"},{"role":"user","content":"web_search"}]})",
            wants),
        json::parse(R"({"tools":[{"type":"function","name":"f"}],)"
                    R"("input":[{"role":"user","content":"web_search"}],"stream":true})"));
    EXPECT_EQ(body_of(R"({"tools":[{"type":"web_search"}],"input":"reasoning"})", wants),
              json::parse(R"({"tools":[],"input":"reasoning","stream":true})"));
}

TEST(HttpBody, ChoosesNoToolThatWasLeftOut)
{
    HttpWants wants;
    wants.tools = {"web_search", "namespace"};
    const std::string tools =
        R"("tools":[{"type":"web_search"},{"type":"function","name":"f"},)"
        R"({"type":"namespace","name":"n","tools":[{"type":"function","name":"g"},)"
        R"({"type":"function","name":"f"}]}])";
    const struct
    {
        std::string choice, sent; // empty: it is not
    } rows[] = {
        {R"("auto")", R"("auto")"},
        {R"("none")", R"("none")"},
        {R"("required")", R"("required")"},
        {"null", "null"},
        {R"({"type":"web_search"})", ""},
        {R"({"type":"file_search"})", R"({"type":"file_search"})"},
        {R"({"type":"function","name":"f"})", R"({"type":"function","name":"f"})"},
        {R"({"type":"function","name":"g"})", ""},
        {R"({"type":"function","name":"nobodys"})", R"({"type":"function","name":"nobodys"})"},
        {R"({"type":"allowed_tools","mode":"required","tools":[{"type":"web_search"},{"type":"function","name":"f"}]})",
         R"({"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]})"},
        {R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search"},{"type":"function","name":"g"}]})",
         R"("none")"},
    };
    for (const auto& [choice, sent] : rows)
        for (const bool comes_first : {true, false}) {
            const std::string field = R"("tool_choice":)" + choice;
            const json body = body_of(comes_first ? "{" + field + "," + tools + "}"
                                                  : "{" + tools + "," + field + "}",
                                      wants);
            EXPECT_EQ(body["tools"].size(), 1u);
            if (sent.empty())
                EXPECT_FALSE(body.contains("tool_choice")) << choice;
            else
                EXPECT_EQ(body["tool_choice"], json::parse(sent)) << choice;
            const HttpWants all;
            EXPECT_EQ(body_of("{" + tools + "," + field + "}", all)["tool_choice"],
                      json::parse(choice));
        }
}

TEST(HttpBody, RequiresNoToolWhereNoneIsLeft)
{
    for (const bool as_field : {false, true}) {
        HttpWants wants;
        (as_field ? wants.fields : wants.tools) = {as_field ? "tools" : "web_search"};
        const auto chosen = [&](const std::string& choice) {
            return body_of(R"({"tools":[{"type":"web_search"}],"tool_choice":)" + choice + "}",
                           wants);
        };
        EXPECT_FALSE(chosen(R"("required")").contains("tool_choice"));
        EXPECT_FALSE(chosen(R"({"type":"web_search"})").contains("tool_choice"));
        EXPECT_EQ(chosen(R"("auto")")["tool_choice"], "auto");
    }
}

TEST(HttpBody, ForWhoKeepsNothingMessagesHaveIdsAndNothingIsStored)
{
    HttpWants wants;
    wants.stores = false;
    const json body =
        body_of(R"({"store":true,"input":[{"role":"user","content":"a"},)"
                R"({"type":"message","role":"assistant","content":[]},)"
                R"({"id":"msg_own","role":"assistant","status":"incomplete","content":[]},)"
                R"({"role":"assistant","id":null,"content":[]}]})",
                wants);
    EXPECT_EQ(body["store"], false);
    EXPECT_FALSE(body["input"][0].contains("id"));
    EXPECT_TRUE(body["input"][1]["id"].is_string());
    EXPECT_EQ(body["input"][1]["status"], "completed");
    EXPECT_EQ(body["input"][2]["id"], "msg_own");
    EXPECT_EQ(body["input"][2]["status"], "incomplete");
    EXPECT_TRUE(body["input"][3]["id"].is_string());
    EXPECT_NE(body["input"][1]["id"], body["input"][3]["id"]);
}

TEST(HttpBody, MovesSomeMetadataIntoHeaders)
{
    const auto made = http_body(
        R"({"client_metadata":{"x-codex-turn-state":"t","ws_request_header_x_openai_lite":"true","own":"1"}})",
        {});
    const std::vector<std::pair<std::string, std::string>> headers{{"x-codex-turn-state", "t"},
                                                                   {"x-openai-lite", "true"}};
    EXPECT_EQ(made.headers, headers);
    EXPECT_EQ(json::parse(made.body)["client_metadata"], json::parse(R"({"own":"1"})"));
    // What can be no header stays where it is.
    EXPECT_EQ(
        http_body(R"({"client_metadata":{"x-codex-turn-state":"a\r\nb: c"}})", {}).headers.size(),
        0u);
    EXPECT_FALSE(
        body_of(R"({"client_metadata":{"x-codex-turn-state":"t"}})").contains("client_metadata"));
}

TEST(WarmUp, IsAnsweredByAResponseOfItsOwn)
{
    const auto events = warm_up_events("resp_1", "a \"model\"");
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(peek_kind(events[0]), EventKind::created);
    EXPECT_EQ(peek_kind(events[1]), EventKind::completed);
    const json response = json::parse(events[1])["response"];
    EXPECT_EQ(response["id"], "resp_1");
    EXPECT_EQ(response["model"], "a \"model\"");
    EXPECT_EQ(response["usage"]["total_tokens"], 0);
}

json refusal(int status, std::string_view body)
{
    const std::string event = refusal_event(status, {{"retry-after", "3"}}, body);
    EXPECT_EQ(peek_kind(event), EventKind::error);
    return json::parse(event);
}

TEST(Refusal, IsAnErrorEventInWhateverFormItCame)
{
    const json own = refusal(404, R"({"error":{"message":"No.","code":"c","param":"p"}})");
    EXPECT_EQ(own["status"], 404);
    EXPECT_EQ(own["headers"]["retry-after"], "3");
    EXPECT_EQ(own["error"]["message"], "No.");
    EXPECT_EQ(own["error"]["type"], "invalid_request_error");
    EXPECT_EQ(refusal(400, R"({"error":"No."})")["error"]["message"], "No.");
    EXPECT_EQ(refusal(400, R"({"message":"No.","type":"t"})")["error"]["type"], "t");
    EXPECT_EQ(refusal(422, R"({"detail":"No."})")["error"]["message"], "No.");
    EXPECT_NE(
        refusal(422, R"({"detail":[{"msg":"No."}]})")["error"]["message"].get<std::string>().find(
            "No."),
        std::string::npos);
    EXPECT_EQ(refusal(413, "{}")["status"], 400);
    for (const std::string& body :
         {std::string(), std::string("<html>"), std::string("\xff"), std::string(100'000, '[')}) {
        EXPECT_EQ(refusal(502, body)["error"]["message"], "The upstream answered 502.");
        EXPECT_EQ(refusal(502, body)["error"]["code"], "upstream_error");
    }
}

TEST(AWholeResponse, IsTheEventsOfItsStream)
{
    const auto events = events_of_response(
        R"({"id":"resp_1","status":"completed","output":[{"type":"message","id":"m"}],"usage":{"input_tokens":1}})");
    ASSERT_EQ(events.size(), 4u);
    EXPECT_EQ(peek_kind(events[0]), EventKind::created);
    EXPECT_EQ(json::parse(events[0])["response"]["output"], json::array());
    EXPECT_EQ(peek_kind(events[2]), EventKind::item_done);
    EXPECT_EQ(peek_item(events[2]), R"({"id":"m","type":"message"})");
    EXPECT_EQ(peek_kind(events[3]), EventKind::completed);
    EXPECT_EQ(json::parse(events[3])["response"]["usage"]["input_tokens"], 1);
    EXPECT_EQ(peek_kind(events_of_response(R"({"id":"r","status":"failed"})").back()),
              EventKind::failed);
    EXPECT_EQ(peek_kind(events_of_response(R"({"id":"r","status":"incomplete"})").back()),
              EventKind::incomplete);
    EXPECT_EQ(peek_kind(events_of_response(R"({"error":{"message":"No."}})").back()),
              EventKind::error);
    EXPECT_TRUE(events_of_response("[]").empty());
    EXPECT_TRUE(events_of_response(std::string(100'000, '[')).empty());
}

} // namespace
} // namespace turngate::protocol
