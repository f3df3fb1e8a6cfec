#include "turngate/protocol/client_event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {
namespace {

using core::FaultCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

boost::system::result<ClientEvent, Rejection> read(std::string_view frame)
{
    ClientEventReader reader;
    return reader.read(frame);
}

ClientEvent accepted(std::string_view frame)
{
    const auto event = read(frame);
    EXPECT_TRUE(event.has_value()) << frame << ": " << event.error().message;
    return event ? *event : ClientEvent{};
}

std::string_view at(std::string_view frame, const FieldSpan& span)
{
    return frame.substr(span.key_begin, span.value_end - span.key_begin);
}

struct Refused
{
    std::string frame;
    FaultCode code;
    std::string param;
    std::optional<std::string> stream_id = std::nullopt;
};

class RefusesFrame : public testing::TestWithParam<Refused>
{
};

TEST_P(RefusesFrame, WithCodeParamAndLane)
{
    const Refused& expected = GetParam();
    const auto event = read(expected.frame);
    ASSERT_TRUE(event.has_error()) << expected.frame;
    EXPECT_EQ(event.error().code, expected.code) << expected.frame;
    EXPECT_EQ(event.error().param, expected.param) << expected.frame;
    EXPECT_EQ(event.error().stream_id, expected.stream_id) << expected.frame;
    EXPECT_FALSE(event.error().message.empty()) << expected.frame;
}

const Refused kNoObjects[] = {
    {"5", FaultCode::invalid_request, ""},
    {"null", FaultCode::invalid_request, ""},
    {R"("response.create")", FaultCode::invalid_request, ""},
    {R"([{"type":"response.create","model":"m"}])", FaultCode::invalid_request, ""},
    {" [] ", FaultCode::invalid_request, ""},
};
INSTANTIATE_TEST_SUITE_P(NoObject, RefusesFrame, testing::ValuesIn(kNoObjects));

const Refused kTypes[] = {
    {"{}", FaultCode::invalid_request, "type"},
    {R"({"store":true})", FaultCode::invalid_request, "type"},
    {R"({"type":null,"model":"m"})", FaultCode::invalid_request, "type"},
    {R"({"type":5,"model":"m"})", FaultCode::invalid_request, "type"},
    {R"({"type":"","model":"m"})", FaultCode::unsupported_event, "type"},
    {R"({"type":"response.append","stream_id":"a"})", FaultCode::unsupported_event, "type", "a"},
    {R"({"type":"session.update","model":5})", FaultCode::unsupported_event, "type"},
    {R"({"type":"response.creat","model":"m"})", FaultCode::unsupported_event, "type"},
    {R"({"type":"Response.create","model":"m"})", FaultCode::unsupported_event, "type"},
};
INSTANTIATE_TEST_SUITE_P(Type, RefusesFrame, testing::ValuesIn(kTypes));

std::string create(std::string_view fields)
{
    return R"({"type":"response.create",)" + std::string(fields) + "}";
}

const Refused kFieldTypes[] = {
    {create(R"("model":5)"), FaultCode::invalid_request, "model"},
    {create(R"("model":null)"), FaultCode::invalid_request, "model"},
    {create(R"("model":["m"])"), FaultCode::invalid_request, "model"},
    {create(R"("model":"m","store":"yes")"), FaultCode::invalid_request, "store"},
    {create(R"("model":"m","store":1)"), FaultCode::invalid_request, "store"},
    {create(R"("model":"m","generate":0)"), FaultCode::invalid_request, "generate"},
    {create(R"("model":"m","prompt":"p")"), FaultCode::invalid_request, "prompt"},
    {create(R"("model":"m","conversation":7)"), FaultCode::invalid_request, "conversation"},
    {create(R"("model":"m","input":{})"), FaultCode::invalid_request, "input"},
    {create(R"("model":"m","input":1)"), FaultCode::invalid_request, "input"},
    {create(R"("model":"m","service_tier":{})"), FaultCode::invalid_request, "service_tier"},
    {create(R"("model":"m","prompt_cache_key":1)"), FaultCode::invalid_request, "prompt_cache_key"},
    {create(R"("model":"m","safety_identifier":[])"),
     FaultCode::invalid_request,
     "safety_identifier"},
    {create(R"("model":"m","previous_response_id":1)"),
     FaultCode::invalid_request,
     "previous_response_id"},
    {create(R"("model":"m","max_output_tokens":"9")"),
     FaultCode::invalid_request,
     "max_output_tokens"},
    {create(R"("model":"m","max_output_tokens":-1)"),
     FaultCode::invalid_request,
     "max_output_tokens"},
    {create(R"("model":"m","max_output_tokens":1.5)"),
     FaultCode::invalid_request,
     "max_output_tokens"},
    {create(R"("model":"m","max_output_tokens":1e400)"),
     FaultCode::invalid_request,
     "max_output_tokens"},
    {create(R"("model":"m","max_output_tokens":9223372036854775808)"),
     FaultCode::invalid_request,
     "max_output_tokens"},
};
INSTANTIATE_TEST_SUITE_P(FieldType, RefusesFrame, testing::ValuesIn(kFieldTypes));

const Refused kLanes[] = {
    {create(R"("model":"m","stream_id":"")"), FaultCode::invalid_stream_id, "stream_id"},
    {create(R"("model":"m","stream_id":"a b")"), FaultCode::invalid_stream_id, "stream_id"},
    {create(R"("model":"m","stream_id":"a/b")"), FaultCode::invalid_stream_id, "stream_id"},
    {create(R"("model":"m","stream_id":"é")"), FaultCode::invalid_stream_id, "stream_id"},
    {create(R"("model":"m","stream_id":"a\u0000")"), FaultCode::invalid_stream_id, "stream_id"},
    {create(R"("model":"m","stream_id":7)"), FaultCode::invalid_stream_id, "stream_id"},
    {create(R"("model":"m","stream_id":")" + std::string(257, 'a') + '"'),
     FaultCode::invalid_stream_id,
     "stream_id"},
    {create(R"("stream_id":"a","model":5)"), FaultCode::invalid_request, "model", "a"},
    {create(R"("model":5,"stream_id":"a")"), FaultCode::invalid_request, "model", "a"},
    {create(R"("model":5,"stream_id":"\u0061")"), FaultCode::invalid_request, "model", "a"},
    {create(R"("model":5,"stream_id":"a b")"), FaultCode::invalid_stream_id, "stream_id"},
    {R"({"stream_id":"a"})", FaultCode::invalid_request, "type", "a"},
};
INSTANTIATE_TEST_SUITE_P(Lane, RefusesFrame, testing::ValuesIn(kLanes));

const Refused kNeeds[] = {
    {create(R"("input":"hi")"), FaultCode::invalid_request, "model"},
    {create(R"("model":"","input":"hi")"), FaultCode::invalid_request, "model"},
    {create(R"("prompt":null)"), FaultCode::invalid_request, "model"},
    {R"({"input":"hi"})", FaultCode::invalid_request, "model"},
    {create(R"("model":"m","previous_response_id":"resp_1","conversation":"c")"),
     FaultCode::invalid_request,
     "previous_response_id"},
    {create(R"("model":"m","conversation":{"id":"c"},"previous_response_id":"resp_1")"),
     FaultCode::invalid_request,
     "previous_response_id"},
    {create(R"("model":"m","previous_response_id":"msg_1")"),
     FaultCode::invalid_request,
     "previous_response_id"},
    {create(R"("model":"m","previous_response_id":"item_1")"),
     FaultCode::invalid_request,
     "previous_response_id"},
    {create(R"("model":"m","previous_response_id":"chatcmpl-1")"),
     FaultCode::invalid_request,
     "previous_response_id"},
    {R"({"type":"response.steer","input":"stop"})",
     FaultCode::invalid_request,
     "previous_response_id"},
    {R"({"type":"response.steer","previous_response_id":null,"input":"stop"})",
     FaultCode::invalid_request,
     "previous_response_id"},
    {R"({"type":"response.steer","previous_response_id":"resp_1"})",
     FaultCode::invalid_request,
     "input"},
    {R"({"type":"response.steer","previous_response_id":"resp_1","input":null})",
     FaultCode::invalid_request,
     "input"},
    {R"({"type":"response.steer","previous_response_id":"resp_1","input":"x","stream_id":"a"})",
     FaultCode::invalid_request,
     "stream_id",
     "a"},
    {R"({"type":"response.interrupt"})", FaultCode::invalid_request, "response_id"},
    {R"({"type":"response.interrupt","response_id":3})", FaultCode::invalid_request, "response_id"},
    {R"({"type":"response.interrupt","response_id":null})",
     FaultCode::invalid_request,
     "response_id"},
    {R"({"type":"response.steer","previous_response_id":"resp_1","input":[ ]})",
     FaultCode::invalid_request,
     "input"},
    {R"({"type":"response.steer","previous_response_id":"resp_1","input":{}})",
     FaultCode::invalid_request,
     "input"},
    {R"({"type":"response.steer","previous_response_id":"msg_1","input":"x"})",
     FaultCode::invalid_request,
     "previous_response_id"},
    {R"({"type":"response.inject","input":[{}]})", FaultCode::invalid_request, "response_id"},
    {R"({"type":"response.inject","response_id":"resp_1"})", FaultCode::invalid_request, "input"},
    {R"({"type":"response.inject","response_id":"resp_1","input":null})",
     FaultCode::invalid_request,
     "input"},
    {R"({"type":"response.inject","response_id":"resp_1","input":[]})",
     FaultCode::invalid_request,
     "input"},
    {R"({"type":"response.inject","response_id":"resp_1","input":"x"})",
     FaultCode::invalid_request,
     "input"},
    {R"({"type":"response.cancel","response_id":1})", FaultCode::invalid_request, "response_id"},
};
INSTANTIATE_TEST_SUITE_P(Needs, RefusesFrame, testing::ValuesIn(kNeeds));

const Refused kDuplicates[] = {
    {create(R"("model":"m","type":"response.create")"), FaultCode::invalid_request, "type"},
    {create(R"("model":"m","model":"m")"), FaultCode::invalid_request, "model"},
    {create(R"("model":"m","mod\u0065l":"n")"), FaultCode::invalid_request, "model"},
    {create(R"("model":"m","stream_id":"a","stream_id":"b")"),
     FaultCode::invalid_request,
     "stream_id"},
    {create(R"("stream_id":"a","model":"m","store":true,"store":null)"),
     FaultCode::invalid_request,
     "store",
     "a"},
    {create(R"("model":"m","input":[],"input":"x")"), FaultCode::invalid_request, "input"},
    {create(R"("model":"m","generate":true,"generate":false)"),
     FaultCode::invalid_request,
     "generate"},
    {create(R"("model":"m","prompt":{},"prompt":{})"), FaultCode::invalid_request, "prompt"},
    {create(R"("model":"m","conversation":null,"conversation":"c")"),
     FaultCode::invalid_request,
     "conversation"},
    {create(R"("model":"m","previous_response_id":null,"previous_response_id":"resp_1")"),
     FaultCode::invalid_request,
     "previous_response_id"},
    {create(R"("model":"m","response_id":"a","response_id":"b")"),
     FaultCode::invalid_request,
     "response_id"},
    {create(R"("model":"m","prompt_cache_key":"a","prompt_cache_key":"b")"),
     FaultCode::invalid_request,
     "prompt_cache_key"},
    {create(R"("model":"m","service_tier":"a","service_tier":"b")"),
     FaultCode::invalid_request,
     "service_tier"},
    {create(R"("model":"m","max_output_tokens":1,"max_output_tokens":2)"),
     FaultCode::invalid_request,
     "max_output_tokens"},
    {create(R"("model":"m","safety_identifier":"a","safety_identifier":"b")"),
     FaultCode::invalid_request,
     "safety_identifier"},
    {create(R"("model":"m","client_metadata":null,"client_metadata":{})"),
     FaultCode::invalid_request,
     "client_metadata"},
    {create(R"("model":"m","tools":[],"tools":[])"), FaultCode::invalid_request, "tools"},
    {create(R"("model":"m","prompt_cache_options":{},"prompt_cache_options":null)"),
     FaultCode::invalid_request,
     "prompt_cache_options"},
};
INSTANTIATE_TEST_SUITE_P(Duplicate, RefusesFrame, testing::ValuesIn(kDuplicates));

// Some parsers know no case.
const Refused kSpellings[] = {
    {create(R"("model":"m","Model":"n")"), FaultCode::invalid_request, "model"},
    {create(R"("MODEL":"n")"), FaultCode::invalid_request, "model"},
    {create(R"("model":"m","\u004dodel":"n")"), FaultCode::invalid_request, "model"},
    {create(R"("model":"m","TYPE":"response.cancel")"), FaultCode::invalid_request, "type"},
    {create(R"("model":"m","Previous_Response_ID":"resp_1")"),
     FaultCode::invalid_request,
     "previous_response_id"},
    {create(R"("model":"m","Stream_id":"b","stream_id":"a")"),
     FaultCode::invalid_request,
     "stream_id"},
    {create(R"("model":"m","Store":false,"stream_id":"a")"),
     FaultCode::invalid_request,
     "store",
     "a"},
    {create("\"model\":\"m\",\"\xc5\xbftore\":false"), FaultCode::invalid_request, "store"},
    {create(R"("model":"m","\u017ftore":false)"), FaultCode::invalid_request, "store"},
    {create(R"("model":"m","prompt_cache_\u212aEY":"k")"),
     FaultCode::invalid_request,
     "prompt_cache_key"},
    {create(R"("model":"m","prompt_cache_options":{"Comparison_response_id":"r"})"),
     FaultCode::invalid_request,
     "prompt_cache_options.comparison_response_id"},
    {create(R"("model":"m","prompt_cache_options":{"comparison_response_id":7})"),
     FaultCode::invalid_request,
     "prompt_cache_options.comparison_response_id"},
};
INSTANTIATE_TEST_SUITE_P(Spelling, RefusesFrame, testing::ValuesIn(kSpellings));

Refused item(std::string_view item, std::string param)
{
    return {create(R"("model":"m","input":[{},)" + std::string(item) + R"(],"stream_id":"a")"),
            FaultCode::invalid_request,
            "input[1]." + param,
            "a"};
}

const Refused kItems[] = {
    item(R"({"type":"item_reference","id":"rs_1","type":"message"})", "type"),
    item(R"({"type":"message","id":"rs_1","Type":"item_reference"})", "type"),
    item(R"({"type":"function_call","call_id":"a","call_id":"a"})", "call_id"),
    item(R"({"type":"function_call","call_id":"a","call_\u0049d":"b"})", "call_id"),
    item(R"({"type":"message","ID":"rs_1"})", "id"),
    item(R"({"role":"user","id":"a","i\u0064":"b"})", "id"),
    item(R"({"type":"shell_call","environment":{"container_id":"a","container_id":"b"}})",
         "environment"),
    item(R"({"type":"additional_tools","tools":[{"tools":[{"Container":"a"}]}]})", "tools"),
    {create(R"("model":"m","tools":[{"container":"a","container":{}}])"),
     FaultCode::invalid_request,
     "tools[0].container"},
};
INSTANTIATE_TEST_SUITE_P(Item, RefusesFrame, testing::ValuesIn(kItems));

TEST(ClientEvent, LeavesOtherKeysTheirSpelling)
{
    accepted(R"({"model":"m","Text":{},"TEXT":{},"modeL_":1,"mode":2,"\u2603":1,"mod\ud800el":3,)"
             R"("metadata":{"Model":"x","TYPE":"y"},"input":[{"type":"message","role":"user",)"
             R"("Content":"c","content":[{"type":"a","Type":"b"}]}],)"
             R"("tools":[{"type":"function","parameters":{"ID":1,"id":2,"Id":3}}]})");
    accepted("{\"model\":\"m\",\"" + std::string(100, 'M') + "\":1,\"\xe2\x84\xaa\":2}");
}

TEST(ClientEvent, ReadsHalfASurrogatePairAsOneUnreadableCharacter)
{
    const ClientEvent event = accepted(
        R"({"model":"m\ud83d","previous_response_id":"resp_\ude00\ud83d!","prompt_cache_key":"\ud83d",)"
        R"("input":[{"type":"shell_call","call_id":"c\udc00"},{"content":"\ud800"}]})");
    EXPECT_EQ(event.model, "m\xef\xbf\xbd");
    EXPECT_EQ(event.previous_response_id, "resp_\xef\xbf\xbd\xef\xbf\xbd!");
    EXPECT_EQ(event.prompt_cache_key, "\xef\xbf\xbd");
    EXPECT_THAT(event.tool_call_ids, ElementsAre("c\xef\xbf\xbd"));
}

TEST(ClientEvent, FindsReferencesToStoredItems)
{
    const std::pair<std::string_view, bool> rows[] = {
        {R"({"type":"item_reference","id":"rs_1"})", true},
        {R"({"id":"rs_1","type":"item\u005freference"})", true},
        {R"({"type":"item_reference"})", true},
        {R"({"id":"rs_1"})", true},
        {R"({"type":null,"id":"rs_1"})", true},
        {R"({"type":"","id":"rs_1"})", true},
        {R"({"id":"rs_1","role":null})", true},
        {R"({"id":"msg_1","role":"assistant","content":"c"})", false},
        {R"({"type":"reasoning","id":"rs_1"})", false},
        {R"({"role":"user","content":[{"type":"item_reference","id":"x"}]})", false},
        {R"({"id":""})", false},
        {R"({"id":null})", false},
        {"{}", false},
    };
    for (const auto& [item, is_reference] : rows)
        EXPECT_EQ(
            accepted(R"({"model":"m","input":[)" + std::string(item) + "]}").has_item_reference,
            is_reference)
            << item;
}

TEST(ClientEvent, FindsCompaction)
{
    const auto with = [](std::string_view item) {
        return accepted(R"({"model":"m","input":[{"type":"message"},)" + std::string(item) + "]}");
    };
    for (const std::string_view type : {"compaction", "compaction_summary", "c\\u006fmpaction"}) {
        const ClientEvent event = with(R"({"type":")" + std::string(type) + R"("})");
        EXPECT_TRUE(event.has_compaction) << type;
        EXPECT_FALSE(event.has_compaction_trigger) << type;
    }
    EXPECT_TRUE(with(R"({"type":"compaction_trigger"})").has_compaction_trigger);
    EXPECT_FALSE(with(R"({"type":"compaction_trigger"})").has_compaction);
    EXPECT_FALSE(with(R"({"type":"message","x":"compaction"})").has_compaction);
}

TEST(ClientEvent, NamesWhatMayBeAnotherTenants)
{
    const ClientEvent event = accepted(
        R"({"model":"m","prompt_cache_options":{"mode":"x","comparison_response_id":"resp_\u0031"},)"
        R"("tools":[{"type":"code_interpreter","container":"cntr_1"},7,[{"container":"no"}],)"
        R"({"type":"code_interpreter","container":{"type":"auto","file_ids":[]}},)"
        R"({"type":"shell","environment":{"type":"container_reference","container_id":"cntr_2"}},)"
        R"({"type":"function","parameters":{"container":"no"}}],"input":[)"
        R"({"type":"code_interpreter_call","container_id":"cntr_3"},{"container":"cntr_4"},)"
        R"({"type":"shell_call","environment":{"container_id":"cntr_5"}},)"
        R"({"type":"additional_tools","tools":[{"tools":[{"container":"cntr_6"}]}]},)"
        R"({"container":"","container_id":null,"environment":"no","content":{"container":"no"}}]})");
    EXPECT_EQ(event.comparison_response_id, "resp_1");
    EXPECT_THAT(event.container_ids,
                ElementsAre("cntr_1", "cntr_2", "cntr_3", "cntr_4", "cntr_5", "cntr_6"));
    for (const std::string_view none :
         {"null", R"("x")", R"({"comparison_response_id":null})", "{}", "[7]"})
        EXPECT_EQ(accepted(R"({"model":"m","prompt_cache_options":)" + std::string(none) + "}")
                      .comparison_response_id,
                  "")
            << none;
}

TEST(ClientEvent, ReadsACreateWithEverything)
{
    const ClientEvent event = accepted(
        R"( {"type": "response.create", "stream_id": "lane-1.A_b", "model": "gpt-6",)"
        R"( "previous_response_id": "resp_1", "prompt_cache_key": "key", "service_tier": "flex",)"
        R"( "store": false, "generate": false, "prompt": {"id": "p"}, "max_output_tokens": 4096,)"
        R"( "safety_identifier": "u", "input": "hi", "unknown": [1e400, {"deep": null}]} )");
    EXPECT_EQ(event.type, ClientEventType::create);
    EXPECT_EQ(event.stream_id, "lane-1.A_b");
    EXPECT_EQ(event.model, "gpt-6");
    EXPECT_EQ(event.previous_response_id, "resp_1");
    EXPECT_EQ(event.prompt_cache_key, "key");
    EXPECT_EQ(event.service_tier, "flex");
    EXPECT_FALSE(event.store);
    EXPECT_FALSE(event.generate);
    EXPECT_TRUE(event.has_prompt);
    EXPECT_FALSE(event.has_conversation);
    EXPECT_EQ(event.max_output_tokens, 4096);
}

TEST(ClientEvent, HasTheDefaultsOfThePublicApi)
{
    const ClientEvent event = accepted(R"({"type":"response.create","model":"m"})");
    EXPECT_EQ(event.stream_id, std::nullopt);
    EXPECT_TRUE(event.store);
    EXPECT_TRUE(event.generate);
    EXPECT_EQ(event.max_output_tokens, std::nullopt);
    EXPECT_FALSE(event.at.stream_id);
    EXPECT_FALSE(event.at.input);
    EXPECT_THAT(event.previous_response_id, IsEmpty());
}

TEST(ClientEvent, ReadsAMissingTypeAsACreate)
{
    EXPECT_EQ(accepted(R"({"model":"m"})").type, ClientEventType::create);
    EXPECT_EQ(accepted(R"({"input":"x","prompt":{"id":"p"}})").type, ClientEventType::create);
}

TEST(ClientEvent, NeedsNoModelBesideAPrompt)
{
    EXPECT_THAT(accepted(R"({"type":"response.create","prompt":{"id":"p"}})").model, IsEmpty());
}

TEST(ClientEvent, TakesNullForAbsent)
{
    const std::string_view frame =
        R"({"model":"m","previous_response_id":null,"conversation":null,"prompt":null,"store":null,)"
        R"("service_tier":null,"prompt_cache_key":null,"max_output_tokens":null,"generate":null,)"
        R"("safety_identifier":null,"input":null,"instructions":null,"response_id":null})";
    const ClientEvent event = accepted(frame);
    EXPECT_TRUE(event.store);
    EXPECT_TRUE(event.generate);
    EXPECT_FALSE(event.has_conversation);
    EXPECT_FALSE(event.has_prompt);
    EXPECT_EQ(event.max_output_tokens, std::nullopt);
    // It stands there all the same: whoever sets a parent must replace it.
    EXPECT_EQ(at(frame, event.at.previous_response_id), R"("previous_response_id":null)");
    EXPECT_EQ(accepted(R"({"model":null,"prompt":{"id":"p"}})").model, "");
    EXPECT_EQ(accepted(R"({"model":"m","stream_id":null})").stream_id, std::nullopt);
    EXPECT_EQ(accepted(R"({"type":"response.steer","previous_response_id":"r","input":"x",)"
                       R"("stream_id":null})")
                  .type,
              ClientEventType::steer);
}

TEST(ClientEvent, ReadsASteer)
{
    for (const std::string input : {R"("stop")", R"([{"role":"user","content":"stop"}])"}) {
        const std::string frame =
            R"({"type":"response.steer","previous_response_id":"resp_1","input":)" + input + "}";
        const ClientEvent event = accepted(frame);
        EXPECT_EQ(event.type, ClientEventType::steer);
        EXPECT_EQ(event.previous_response_id, "resp_1");
        EXPECT_EQ(at(frame, event.at.input), "\"input\":" + input);
    }
}

TEST(ClientEvent, ReadsAnInject)
{
    const std::string_view frame =
        R"({"type":"response.inject","response_id":"resp_1","input":)"
        R"([{"type":"function_call_output","call_id":"c1","output":"o"}]})";
    const ClientEvent event = accepted(frame);
    EXPECT_EQ(event.type, ClientEventType::inject);
    EXPECT_EQ(event.response_id, "resp_1");
    EXPECT_THAT(event.tool_output_call_ids, ElementsAre("c1"));
    EXPECT_EQ(frame.substr(event.at.input.value_begin, 2), "[{");
}

TEST(ClientEvent, ReadsACancelWithAndWithoutATarget)
{
    const ClientEvent bare = accepted(R"({"type":"response.cancel"})");
    EXPECT_EQ(bare.type, ClientEventType::cancel);
    EXPECT_EQ(bare.response_id, "");
    EXPECT_EQ(bare.stream_id, std::nullopt);
    const ClientEvent aimed =
        accepted(R"({"type":"response.cancel","response_id":"resp_1","stream_id":"a"})");
    EXPECT_EQ(aimed.response_id, "resp_1");
    EXPECT_EQ(aimed.stream_id, "a");
}

TEST(ClientEvent, ReadsTheOtherEvents)
{
    const ClientEvent interrupt = accepted(
        R"({"type":"response.interrupt","response_id":"resp_1","mode":"discard_partial_items"})");
    EXPECT_EQ(interrupt.type, ClientEventType::interrupt);
    EXPECT_EQ(interrupt.response_id, "resp_1");
    EXPECT_EQ(accepted(R"({"type":"response.processed"})").type, ClientEventType::processed);
}

TEST(ClientEvent, TellsWhoAppendsToCreateWithAParent)
{
    const auto event = read(R"({"type":"response.append","input":"x"})");
    ASSERT_TRUE(event.has_error());
    EXPECT_THAT(event.error().message, HasSubstr("response.create"));
    EXPECT_THAT(event.error().message, HasSubstr("previous_response_id"));
}

TEST(ClientEvent, UnderstandsEscapes)
{
    const ClientEvent event = accepted(
        R"({"\u0074ype":"response\u002ecreate","mod\u0065l":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})");
    EXPECT_EQ(event.type, ClientEventType::create);
    EXPECT_EQ(event.model, "a\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80");
}

TEST(ClientEvent, SaysWhereFieldsStand)
{
    const std::string_view frame =
        " {\"type\" : \"response.create\" "
        ",\n\t\"mod\\u0065l\":\"m\",\"stream_id\":\"a\",\"store\":true,"
        "\"input\":[ {\"a\":[1,2 ]} ] ,\"service_tier\":\"x\" , \"safety_identifier\":\"s\" , "
        "\"previous_response_id\"\r:\n\"resp_1\"\t}\n";
    const ClientEvent event = accepted(frame);
    EXPECT_EQ(at(frame, event.at.type), "\"type\" : \"response.create\"");
    EXPECT_EQ(at(frame, event.at.model), "\"mod\\u0065l\":\"m\"");
    EXPECT_EQ(at(frame, event.at.stream_id), "\"stream_id\":\"a\"");
    EXPECT_EQ(at(frame, event.at.store), "\"store\":true");
    EXPECT_EQ(at(frame, event.at.input), "\"input\":[ {\"a\":[1,2 ]} ]");
    EXPECT_EQ(at(frame, event.at.service_tier), "\"service_tier\":\"x\"");
    EXPECT_EQ(at(frame, event.at.safety_identifier), "\"safety_identifier\":\"s\"");
    EXPECT_EQ(at(frame, event.at.previous_response_id), "\"previous_response_id\"\r:\n\"resp_1\"");
    EXPECT_EQ(frame.substr(event.at.model.value_begin, 3), "\"m\"");
}

TEST(ClientEvent, FindsTheCallIdsOfTheInput)
{
    const ClientEvent event = accepted(
        R"({"model":"m","input":[{"type":"function_call","call_id":"c1"},)"
        R"({"call_id":"c2","output":{"type":"x_call","call_id":"inner"},"type":"function_call_output"},)"
        R"({"type":"custom_tool_call_output","call_id":"c\u0033"},)"
        R"({"type":"custom_tool\u005fcall","call_id":"c4"},)"
        R"({"type":"message","call_id":"no"},{"type":"shell_call"},{"type":"shell_call","call_id":5},)"
        R"({"type":7,"call_id":"no"},{"call_id":"no"},"text",[{"type":"shell_call","call_id":"no"}]]})");
    EXPECT_THAT(event.tool_call_ids, ElementsAre("c1", "c4"));
    EXPECT_THAT(event.tool_output_call_ids, ElementsAre("c2", "c3"));
}

TEST(ClientEvent, FindsCallsThatGoByOtherNames)
{
    const ClientEvent event = accepted(
        R"({"model":"m","input":[{"type":"mcp_approval_request","id":"a1","call_id":"no"},)"
        R"({"type":"local_shell_call","id":"no","call_id":"s1"},)"
        R"({"type":"local_shell_call","id":"s2","call_id":null},)"
        R"({"id":"no","type":"mcp_approval_response","approval_request_id":"a\u0031"},)"
        R"({"type":"local_shell_call_output","id":"s1"},)"
        R"({"type":"local_shell_call_output","id":"no","call_id":"s2"},)"
        R"({"type":"function_call","id":"no"},{"type":"function_call_output","id":"no"},)"
        R"({"type":"mcp_approval_response","call_id":"no"},{"type":"mcp_call","id":"no"}]})");
    EXPECT_THAT(event.tool_call_ids, ElementsAre("a1", "s1", "s2"));
    EXPECT_THAT(event.tool_output_call_ids, ElementsAre("a1", "s1", "s2"));
}

TEST(ClientEvent, FindsTheTurnStateInItsMetadata)
{
    const std::string_view frame =
        R"({"model":"m","client_metadata" : {"a":"b","x-codex-turn-state":"s"} ,"n":1})";
    const ClientEvent event = accepted(frame);
    EXPECT_TRUE(event.has_turn_state);
    EXPECT_EQ(at(frame, event.at.client_metadata),
              R"("client_metadata" : {"a":"b","x-codex-turn-state":"s"})");
    EXPECT_TRUE(accepted(R"({"model":"m","client_metadata":{"x\u002dcodex-turn-state":1}})")
                    .has_turn_state);
}

TEST(ClientEvent, TakesNoOtherTurnStateForItsOwn)
{
    for (const std::string_view metadata : {R"({})",
                                            R"({"a":"x-codex-turn-state"})",
                                            R"({"a":{"x-codex-turn-state":"s"}})",
                                            R"({"X-Codex-Turn-State":"s"})"}) {
        const ClientEvent event = accepted(R"({"model":"m","x-codex-turn-state":"s",)"
                                           R"("client_metadata":)" +
                                           std::string(metadata) + "}");
        EXPECT_FALSE(event.has_turn_state) << metadata;
        EXPECT_TRUE(event.at.client_metadata) << metadata;
    }
}

TEST(ClientEvent, LeavesMetadataAloneThatIsNoObject)
{
    for (const std::string_view metadata :
         {"null", "7", R"("x")", R"([{"x-codex-turn-state":"s"}])"}) {
        const ClientEvent event =
            accepted(R"({"model":"m","client_metadata":)" + std::string(metadata) + "}");
        EXPECT_FALSE(event.has_turn_state) << metadata;
        EXPECT_FALSE(event.at.client_metadata) << metadata;
    }
}

TEST(ClientEvent, LooksForFieldsAtTheTopOnly)
{
    const ClientEvent event =
        accepted(R"({"metadata":{"model":"x","model":"y","store":"no"},"model":"m"})");
    EXPECT_EQ(event.model, "m");
}

TEST(ClientEvent, LetsRepeatedFieldsPassThatItDoesNotRead)
{
    EXPECT_EQ(accepted(R"({"model":"m","text":{},"text":{}})").model, "m");
}

TEST(ClientEvent, AllowsAConversationWithANullParent)
{
    EXPECT_TRUE(accepted(R"({"model":"m","conversation":"c","previous_response_id":null})")
                    .has_conversation);
}

TEST(LaneName, Has1To256CharactersOfItsAlphabet)
{
    EXPECT_TRUE(is_lane_name("a"));
    EXPECT_TRUE(is_lane_name("AZaz09_.-"));
    EXPECT_TRUE(is_lane_name(std::string(256, 'x')));
    EXPECT_FALSE(is_lane_name(""));
    EXPECT_FALSE(is_lane_name(std::string(257, 'x')));
    for (const char c : {' ', '/', '@', '[', '`', '{', ':', '\0', '\x7f', '\xc3'})
        EXPECT_FALSE(is_lane_name({&c, 1})) << int(c);
}

} // namespace
} // namespace turngate::protocol
