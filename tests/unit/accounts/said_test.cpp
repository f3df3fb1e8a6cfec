#include "turngate/accounts/said.hpp"

#include "turngate/net/http.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <gtest/gtest.h>

namespace turngate::accounts {
namespace {

using Word = UpstreamWord;
using std::chrono::seconds;

const core::Timestamp kNow{seconds(1'793'534'400)};

Said of_dial(int status, std::string body, net::HttpHeaders headers = {})
{
    net::HttpResponse refusal;
    refusal.status = status;
    refusal.headers = std::move(headers);
    refusal.body = std::move(body);
    return read_said(refusal, kNow);
}

Said of_event(const std::string& event)
{
    protocol::UpstreamEventReader reader;
    const bool is_failed = event.find("response.failed") != event.npos;
    const auto kind = is_failed ? protocol::EventKind::failed : protocol::EventKind::error;
    return read_said(reader.read_terminal(event, kind), event, kNow);
}

TEST(Said, OfADialTellsTheKeyFromAPage)
{
    // clang-format off
    struct
    {
        int status;
        const char* body;
        Word word;
    } const rows[] = {
        {401, "", Word::credentials},
        {401, "<html>Unauthorized</html>", Word::credentials},
        {403, "", Word::challenge},
        {403, "<html>Just a moment... api key</html>", Word::challenge},
        {403, R"({"error":{"code":"invalid_api_key"}})", Word::credentials},
        {403, R"({"error":{"message":"Incorrect API key provided: sk-…"}})", Word::credentials},
        {403, R"({"error":"Unauthorized"})", Word::credentials},
        {403, R"({"detail":"Invalid token"})", Word::credentials},
        {403, R"({"error":{"message":"You are not a member of this organization"}})", Word::credentials},
        {403, R"({"error":{"message":"Your project has been suspended"}})", Word::credentials},
        {403, R"({"error":{"message":"You have insufficient permissions for this operation. Missing scopes: model.request"}})", Word::credentials},
        {403, R"({"error":{"message":"Country, region, or territory not supported"}})", Word::challenge},
        {403, R"({"error":{"message":"This client is not supported any more, please update"}})", Word::challenge},
        {403, R"({"error":{"type":"usage_not_included"}})", Word::quota},
        {402, R"({"error":{"code":402,"message":"Insufficient credits"}})", Word::quota},
        {404, R"({"error":{"message":"no such path"}})", Word::request_error},
        {400, R"({"detail":[{"loc":["query"],"msg":"field required"}]})", Word::request_error},
        {429, "", Word::rate_limited},
        {500, "", Word::server_error},
        {503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})", Word::overloaded},
        {529, "", Word::overloaded},
    };
    // clang-format on
    for (const auto& row : rows)
        EXPECT_EQ(of_dial(row.status, row.body).word, row.word) << row.status << " " << row.body;

    net::HttpHeaders headers;
    headers.add("CF-Mitigated", "challenge");
    for (const int status : {401, 403, 429})
        EXPECT_EQ(of_dial(status, R"({"error":{"code":"invalid_api_key"}})", headers).word,
                  Word::challenge);
}

TEST(Said, OfADialIsReadHoweverLongItsBodyIs)
{
    const std::string rest = R"(,"more":")" + std::string(300 * 1024, 'x') + "\"}}";
    const auto said = of_dial(403, R"({"error":{"message":"Incorrect API key","code":null)" + rest);
    EXPECT_EQ(said.word, Word::credentials);
    EXPECT_EQ(said.message, "Incorrect API key");
    EXPECT_EQ(said.status, 403);
    EXPECT_EQ(of_dial(403, std::string(300 * 1024, '<')).word, Word::challenge);
}

TEST(Said, ReadsWhatThirdPartiesWrite)
{
    // clang-format off
    struct
    {
        const char* event;
        Word word;
        int status;
        const char* message;
    } const rows[] = {
        {R"({"error":{"message":"boom","type":"api_error"}})", Word::server_error, 0, "boom"},
        {R"({"error":{"message":"bad","type":"BadRequestError","param":null,"code":400}})", Word::request_error, 400, "bad"},
        {R"({"type":"error","status":"400","error":{"message":"bad"}})", Word::request_error, 400, "bad"},
        {R"({"type":"error","status":null,"error":{"message":"busy","status":429}})", Word::rate_limited, 429, "busy"},
        {R"({"type":"error","status_code":503,"error":{"message":"x"}})", Word::server_error, 503, "x"},
        {R"({"type":"error","error":{"message":"x","code":"401"}})", Word::credentials, 401, "x"},
        {R"({"error":"out of memory"})", Word::request_error, 0, "out of memory"},
        {R"({"type":"error","code":"server_error","message":"x","param":null})", Word::server_error, 0, "x"},
        {R"({"type":"error","error":{"type":"rate_limit_error","message":"x"}})", Word::rate_limited, 0, "x"},
        {R"({"type":"error"})", Word::none, 0, ""},
        {R"({"type":"error","status":404,"error":{"message":"Response with id 'resp_1' not found.","param":"previous_response_id"}})", Word::parent_not_found, 404, "Response with id 'resp_1' not found."},
        {R"({"type":"error","status":400,"error":{"message":"Previous response with id 'r' not found."}})", Word::parent_not_found, 400, "Previous response with id 'r' not found."},
        {R"({"type":"error","status":400,"error":{"code":"invalid_encrypted_content","message":"x"}})", Word::sealed, 400, "x"},
        {R"({"type":"error","status":400,"error":{"message":"The encrypted content for item rs_1 could not be verified."}})", Word::sealed, 400, "The encrypted content for item rs_1 could not be verified."},
    };
    // clang-format on
    for (const auto& row : rows) {
        const auto said = of_event(row.event);
        EXPECT_EQ(said.word, row.word) << row.event;
        EXPECT_EQ(said.status, row.status) << row.event;
        EXPECT_EQ(said.message, row.message) << row.event;
    }
}

TEST(Said, OfAnEventTellsTheKeyFromTheRequest)
{
    const auto event = [](int status, const char* message) {
        return of_event(R"({"type":"error","status":)" + std::to_string(status) +
                        R"(,"error":{"message":")" + message + "\"}}");
    };
    EXPECT_EQ(event(401, "x").word, Word::credentials);
    EXPECT_EQ(event(403, "Incorrect API key provided").word, Word::credentials);
    for (const char* message : {"Project `p` does not have access to model `gpt-6`",
                                "Your organization must be verified to use the model `gpt-6`",
                                "This request was refused by our usage policies",
                                "Not in your region"})
        EXPECT_EQ(event(403, message).word, Word::request_error) << message;
}

TEST(Said, KnowsARequestThatNoLimitWillEverHold)
{
    // clang-format off
    struct
    {
        const char* message;
        Word word;
    } const rows[] = {
        {"Request too large for gpt-5 in organization org-1 on tokens per min (TPM): Limit 30000, Requested 50000. The input or output tokens must be reduced in order to run successfully.", Word::request_over_limit},
        {"Limit 30,000, Requested 50,000", Word::request_over_limit},
        {"limit: 30000 / requested: 30001", Word::request_over_limit},
        {"Rate limit reached for gpt-5 on tokens per min (TPM): Limit 30000, Used 29500, Requested 1000. Please try again in 1s.", Word::rate_limited},
        {"Limit 30000, Requested 30000", Word::rate_limited},
        {"Limit reached, Requested 50000", Word::rate_limited},
        {"", Word::rate_limited},
    };
    // clang-format on
    for (const auto& row : rows) {
        const std::string error =
            R"("error":{"type":"tokens","code":"rate_limit_exceeded","message":")" +
            std::string(row.message) + "\"}";
        EXPECT_EQ(of_event(R"({"type":"error","status":429,)" + error + "}").word, row.word)
            << row.message;
        EXPECT_EQ(
            of_event(R"({"type":"response.failed","response":{"id":"r",)" + error + "}}").word,
            row.word)
            << row.message;
    }
}

TEST(Said, KnowsHowLongAndForWhichModels)
{
    const auto failed = of_event(
        R"({"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"Please try again in 11s."}}})");
    EXPECT_EQ(failed.resets_in, seconds(11));
    EXPECT_FALSE(failed.for_all_models);
    EXPECT_FALSE(of_event(R"({"type":"error","status":429})").resets_in);

    const auto plan = of_event(
        R"({"type":"error","error":{"type":"usage_limit_reached","resets_in_seconds":3600}})");
    EXPECT_EQ(plan.word, Word::quota);
    EXPECT_EQ(plan.resets_in, seconds(3600));
    EXPECT_TRUE(plan.for_all_models);

    const auto window = of_event(
        R"({"type":"error","status":429,"headers":{"x-codex-primary-used-percent":100,"x-codex-primary-reset-after-seconds":60}})");
    EXPECT_TRUE(window.for_all_models);
    EXPECT_TRUE(of_dial(429, "").for_all_models); // it named no model
    EXPECT_FALSE(of_dial(500, "").for_all_models);
}

TEST(Said, GivesEveryWordAStatus)
{
    for (int word = 0; word <= static_cast<int>(Word::request_error); ++word) {
        const int status = status_of(static_cast<Word>(word));
        EXPECT_TRUE(status >= 400 && status < 600) << word;
    }
    EXPECT_EQ(status_of(Word::request_over_limit), 429);
    EXPECT_EQ(status_of(Word::sealed), 400);
}

} // namespace
} // namespace turngate::accounts
