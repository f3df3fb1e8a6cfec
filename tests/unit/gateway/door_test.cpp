#include "door.hpp"

#include "rooms_under_test.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace turngate::gateway::test {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

class Door : public testing::Test
{
protected:
    Door()
    {
        config::Config& config = test.config;
        config.groups.resize(3);
        config.groups[1].name = "http-only";
        config.groups[1].mode = config::Mode::off;
        config.groups[2].name = "empty";
        config.keys.resize(4, config.keys[0]);
        config.keys[1].digest = core::sha256("sk-http");
        config.keys[1].group = "http-only";
        config.keys[2].digest = core::sha256("sk-empty");
        config.keys[2].group = "empty";
        config.keys[3].digest = core::sha256("sk-office");
        config.keys[3].allow_ips = {"192.0.2.0/24"};
        test.load();
    }

    static net::HttpRequest request(const Fields& more = {{"Authorization", "Bearer sk-alice"}})
    {
        net::HttpRequest request;
        request.method = "GET";
        request.target = "/v1/responses";
        request.headers.add("Connection", "Upgrade");
        request.headers.add("Upgrade", "websocket");
        request.headers.add("Sec-WebSocket-Version", "13");
        request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        for (const auto& [name, value] : more)
            request.headers.add(name, value);
        return request;
    }

    std::variant<Visitor, Refusal> ask(const net::HttpRequest& request,
                                       const std::string& client_ip = "198.51.100.1")
    {
        return judge(request, client_ip, test.rooms);
    }

    void expect_refusal(const std::variant<Visitor, Refusal>& verdict,
                        int status,
                        const std::string& code,
                        const Fields& headers = {})
    {
        const auto* refusal = std::get_if<Refusal>(&verdict);
        ASSERT_TRUE(refusal) << code;
        EXPECT_EQ(refusal->status, status) << code;
        EXPECT_EQ(refusal->headers.get("content-type"), "application/json") << code;
        const auto body = nlohmann::json::parse(refusal->body);
        EXPECT_EQ(body["error"]["code"], code);
        EXPECT_TRUE(body["error"]["message"].is_string());
        EXPECT_TRUE(body["error"]["type"].is_string());
        EXPECT_TRUE(body["error"].contains("param"));
        for (const auto& [name, value] : headers)
            EXPECT_EQ(refusal->headers.get(name), value) << code;
        EXPECT_EQ(refusal->headers.has("retry-after"), status == 503 || status == 429) << code;
    }

    RoomsUnderTest test;
};

TEST_F(Door, LetsInWhoHasAKey)
{
    for (const std::string path : {"/v1/responses", "/responses", "/v1/responses?beta=1"}) {
        net::HttpRequest asked = request();
        asked.target = path;
        const auto verdict = ask(asked);
        const auto* visitor = std::get_if<Visitor>(&verdict);
        ASSERT_TRUE(visitor) << path;
        EXPECT_EQ((*visitor)->key, "a");
    }
}

TEST_F(Door, LetsInAnyOfThreeWaysToGiveAKey)
{
    for (const Fields& fields : {Fields{{"authorization", "bearer sk-alice"}},
                                 Fields{{"X-Api-Key", "sk-alice"}},
                                 Fields{{"Api-Key", "sk-alice"}}})
        EXPECT_TRUE(std::holds_alternative<Visitor>(ask(request(fields))));
}

TEST_F(Door, AnswersHeadWithNothing)
{
    net::HttpRequest head = request({});
    head.method = "HEAD";
    const auto verdict = ask(head);
    const auto* refusal = std::get_if<Refusal>(&verdict);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 200);
    EXPECT_EQ(refusal->body, "");
}

TEST_F(Door, SendsAPlainGetToHttp)
{
    net::HttpRequest plain;
    plain.method = "GET";
    plain.target = "/v1/responses";
    expect_refusal(ask(plain), 426, "upgrade_required", {{"upgrade", "websocket"}});
}

TEST_F(Door, ServesNothingElse)
{
    net::HttpRequest elsewhere = request();
    for (const std::string path :
         {"/", "/v1/models", "/v1/responses/", "/v1/responses/resp_1", "/V1/Responses", ""}) {
        elsewhere.target = path;
        expect_refusal(ask(elsewhere), 404, "not_found");
    }
    for (const std::string method : {"PUT", "DELETE", "OPTIONS"}) {
        net::HttpRequest other = request();
        other.method = method;
        expect_refusal(ask(other), 405, "method_not_allowed", {{"allow", "GET, HEAD, POST"}});
    }
}

TEST_F(Door, KnowsWhatIsPostedWhere)
{
    using protocol::Endpoint;
    const auto posted = [](const std::string& target, const std::string& method = "POST") {
        net::HttpRequest asked;
        asked.method = method;
        asked.target = target;
        return posted_endpoint(asked);
    };
    for (const std::string base : {"", "/v1", "/openai/v1", "/codex", "/backend-api/codex"}) {
        EXPECT_EQ(posted(base + "/responses?x=1"), Endpoint::responses);
        EXPECT_EQ(posted(base + "/responses/compact"), Endpoint::compact);
        EXPECT_EQ(posted(base + "/responses/input_tokens"), Endpoint::input_tokens);
    }
    for (const std::string path : {"/compact", "/v1/compact", "/v1/responses/", "/v1/responses/x"})
        EXPECT_FALSE(posted(path)) << path;
    EXPECT_FALSE(posted("/v1/responses/compact", "GET"));
}

TEST_F(Door, KnowsWhoAsksForModels)
{
    const auto asked = [](const std::string& target, const std::string& method = "GET") {
        net::HttpRequest request;
        request.method = method;
        request.target = target;
        return models_question(request);
    };
    for (const std::string base : {"", "/v1", "/openai/v1", "/codex", "/backend-api/codex"}) {
        EXPECT_EQ(asked(base + "/models?client_version=1"), "");
        EXPECT_EQ(asked(base + "/models/gpt-5.2"), "gpt-5.2");
        EXPECT_EQ(asked(base + "/models/lab%2Fslow"), "lab/slow");
        EXPECT_EQ(asked(base + "/models/lab/slow"), "lab/slow");
    }
    for (const std::string path : {"/v1/models/", "/v1/modelsx", "/v2/models", "/v1/models/%zz"})
        EXPECT_FALSE(asked(path)) << path;
    EXPECT_FALSE(asked("/v1/models", "POST"));
}

TEST_F(Door, WantsAProperUpgrade)
{
    net::HttpRequest old = request();
    old.headers = {};
    old.headers.add("Connection", "Upgrade");
    old.headers.add("Upgrade", "websocket");
    old.headers.add("Sec-WebSocket-Version", "8");
    old.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    old.headers.add("Authorization", "Bearer sk-alice");
    expect_refusal(ask(old), 400, "invalid_upgrade", {{"sec-websocket-version", "13"}});
}

TEST_F(Door, TakesNoKeyFromTheUrl)
{
    for (const std::string query : {"key=sk-alice",
                                    "api_key=sk-alice",
                                    "a=1&API-KEY=x",
                                    "access_token=x",
                                    "token",
                                    "apikey="}) {
        for (const Fields& fields : {Fields{}, Fields{{"Authorization", "Bearer sk-alice"}}}) {
            net::HttpRequest asked = request(fields);
            asked.target += "?" + query;
            expect_refusal(ask(asked), 400, "key_in_query");
        }
    }
}

TEST_F(Door, WantsAKeyThatIsKnown)
{
    expect_refusal(ask(request({})), 401, "missing_api_key");
    expect_refusal(ask(request({{"Authorization", "Bearer "}})), 401, "missing_api_key");
    expect_refusal(ask(request({{"Authorization", "Basic c2stYWxpY2U="}})), 401, "missing_api_key");
    expect_refusal(ask(request({{"Authorization", "Bearer sk-alicf"}})), 401, "invalid_api_key");
    // The first way that is used decides; a second key is not tried.
    expect_refusal(ask(request({{"Authorization", "Bearer wrong"}, {"x-api-key", "sk-alice"}})),
                   401,
                   "invalid_api_key");
}

TEST_F(Door, ForgetsARevokedKey)
{
    test.config.keys.erase(test.config.keys.begin());
    test.load();
    expect_refusal(ask(request()), 401, "invalid_api_key");
}

TEST_F(Door, LooksAtTheAddress)
{
    const Fields office{{"Authorization", "Bearer sk-office"}};
    EXPECT_TRUE(std::holds_alternative<Visitor>(ask(request(office), "192.0.2.7")));
    expect_refusal(ask(request(office), "198.51.100.1"), 403, "ip_not_allowed");
    expect_refusal(ask(request(office), "unix"), 403, "ip_not_allowed");
}

TEST_F(Door, SendsGroupsWithoutWebSocketToHttp)
{
    expect_refusal(ask(request({{"Authorization", "Bearer sk-http"}})), 426, "websocket_off");
}

TEST_F(Door, RefusesWhileItDrains)
{
    test.rooms.is_draining = true;
    expect_refusal(ask(request()), 503, "gateway_draining");
    expect_refusal(ask(request({})), 401, "missing_api_key"); // strangers learn nothing
}

TEST_F(Door, RefusesAGroupWithoutAccounts)
{
    expect_refusal(
        ask(request({{"Authorization", "Bearer sk-empty"}})), 503, "no_account_available");
    test.config.accounts[0].mode = config::Mode::off;
    test.load();
    expect_refusal(ask(request()), 503, "no_account_available");
}

TEST_F(Door, SaysWhenToComeBackWhenItIsFull)
{
    expect_refusal(too_many_sockets(), 429, "rate_limit_exceeded");
}

TEST_F(Door, AnswersWhatIsNoHttp)
{
    expect_refusal(not_http(400), 400, "bad_request");
    expect_refusal(not_http(431), 431, "bad_request");
}

TEST_F(Door, ScopesASessionKeyByItsTenant)
{
    const auto verdict = ask(request());
    const Visitor& alice = std::get<Visitor>(verdict);
    EXPECT_EQ(session_key(alice->tenant, "s-1"), session_key(alice->tenant, "s-1"));
    EXPECT_NE(session_key(alice->tenant, "s-1"), session_key(alice->tenant, "s-2"));
    EXPECT_NE(session_key(alice->tenant, ""),
              session_key(alice->tenant, "")); // without a name it is the socket's own

    auto other = std::make_shared<access::Principal>(*alice);
    other->tenant = "default/bob";
    EXPECT_NE(session_key(other->tenant, "s-1"), session_key(alice->tenant, "s-1"));
}

} // namespace
} // namespace turngate::gateway::test
