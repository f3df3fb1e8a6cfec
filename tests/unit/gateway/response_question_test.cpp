#include "response_question.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway::test {
namespace {

using What = ResponseQuestion::What;

std::optional<ResponseQuestion> asked(const std::string& method, const std::string& target)
{
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    return response_question(request);
}

TEST(ResponseQuestion, IsAskedBelowEveryResponsesPath)
{
    for (const std::string path : {"/v1/responses",
                                   "/responses",
                                   "/openai/v1/responses",
                                   "/codex/responses",
                                   "/v1/codex/responses",
                                   "/backend-api/codex/responses"}) {
        const auto got = asked("GET", path + "/resp_1");
        ASSERT_TRUE(got) << path;
        EXPECT_EQ(got->what, What::retrieve);
        EXPECT_EQ(got->id, "resp_1");
        EXPECT_FALSE(got->streams);
        EXPECT_EQ(asked("DELETE", path + "/resp_1")->what, What::remove);
        EXPECT_EQ(asked("POST", path + "/resp_1/cancel")->what, What::cancel);
        EXPECT_EQ(asked("POST", path + "/resp_1/cancel?x=1")->id, "resp_1");
    }
}

TEST(ResponseQuestion, IsNothingElse)
{
    const std::pair<const char*, const char*> others[] = {
        {"GET", "/v1/responses"},
        {"GET", "/v1/responses/"},
        {"GET", "/v1/models/resp_1"},
        {"POST", "/v1/responses/resp_1/input_items"},
        {"GET", "/v1/responses/input_items"},
        {"GET", "/v1/responses/resp_1/cancel"},
        {"POST", "/v1/responses"},
        {"POST", "/v1/responses/compact"},
        {"POST", "/v1/responses/input_tokens"},
        {"POST", "/v1/responses/cancel"},
        {"POST", "/v1/responses/resp_1"},
        {"POST", "/cancel"},
        {"PUT", "/v1/responses/resp_1"},
        {"GET", ""},
    };
    for (const auto& [method, target] : others)
        EXPECT_FALSE(asked(method, target)) << method << ' ' << target;
    net::HttpRequest upgrade;
    upgrade.method = "GET";
    upgrade.target = "/v1/responses/resp_1";
    upgrade.headers.add("connection", "Upgrade");
    upgrade.headers.add("upgrade", "websocket");
    EXPECT_FALSE(response_question(upgrade));
}

TEST(ResponseQuestion, TakesAlongWhatIsForTheAccount)
{
    const auto asks = *asked("GET",
                             "/v1/responses/r/input_items?a=1&limit=5&include[]=x&include%5B%5D=y"
                             "&api-version=2&after=item&order=asc&afterwards=7");
    EXPECT_EQ(asks.what, What::input_items);
    EXPECT_EQ(asks.id, "r");
    EXPECT_EQ(asks.query, "limit=5&include[]=x&include%5B%5D=y&after=item&order=asc");
    EXPECT_EQ(asked("GET", "/v1/responses/r?stream=true&include[]=x")->query, "include[]=x");
    EXPECT_EQ(asked("GET", "/v1/responses/r?&&=&limit")->query, "limit");
}

TEST(ResponseQuestion, SaysFromWhereItIsStreamed)
{
    const auto from = [](const std::string& query) {
        return *asked("GET", "/v1/responses/r?" + query);
    };
    EXPECT_TRUE(from("stream=true").streams);
    EXPECT_EQ(from("stream=true").starting_after, -1);
    EXPECT_FALSE(from("stream=false").streams);
    EXPECT_EQ(from("include[]=x&stream=true&starting_after=17").starting_after, 17);
    EXPECT_TRUE(from("starting_after=0").odd_param.empty());
    for (const char* odd : {"stream", "stream=", "stream=1", "stream=TRUE"})
        EXPECT_EQ(from(odd).odd_param, "stream") << odd;
    for (const char* odd : {"", "=", "=-1", "=x", "=1x", "=1.5", "=99999999999999999999"})
        EXPECT_EQ(from(std::string("stream=true&starting_after") + odd).odd_param, "starting_after")
            << odd;
}

} // namespace
} // namespace turngate::gateway::test
