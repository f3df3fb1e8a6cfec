#include "header_policy.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

net::HttpHeaders headers(const Fields& fields)
{
    net::HttpHeaders headers;
    for (const auto& [name, value] : fields)
        headers.add(name, value);
    return headers;
}

Fields fields(const net::HttpHeaders& headers)
{
    return {headers.begin(), headers.end()};
}

TEST(Forwardable, LetsThroughWhatIsOnTheList)
{
    for (const std::string name : {"user-agent",
                                   "User-Agent",
                                   "originator",
                                   "openai-beta",
                                   "OpenAI-Beta",
                                   "accept-language",
                                   "session-id",
                                   "session_id",
                                   "conversation_id",
                                   "thread-id",
                                   "x-codex-turn-state",
                                   "X-Codex-Beta-Features",
                                   "x-client-request-id",
                                   "x-grok-conv-id"})
        EXPECT_EQ(fields(forwardable(headers({{name, "v"}}), {})), (Fields{{name, "v"}})) << name;
}

TEST(Forwardable, LetsNothingElseThrough)
{
    for (const std::string name : {"authorization",
                                   "Authorization",
                                   "x-api-key",
                                   "api-key",
                                   "proxy-authorization",
                                   "cookie",
                                   "host",
                                   "origin",
                                   "referer",
                                   "connection",
                                   "upgrade",
                                   "keep-alive",
                                   "te",
                                   "trailer",
                                   "transfer-encoding",
                                   "content-length",
                                   "sec-websocket-key",
                                   "sec-websocket-version",
                                   "sec-websocket-extensions",
                                   "sec-websocket-protocol",
                                   "sec-fetch-mode",
                                   "x-forwarded-for",
                                   "x-forwarded-host",
                                   "x-forwarded-proto",
                                   "x-real-ip",
                                   "forwarded",
                                   "via",
                                   "cf-connecting-ip",
                                   "openai-organization",
                                   "openai-project",
                                   "chatgpt-account-id",
                                   "accept-encoding",
                                   "x-codex-",
                                   "x-codexer",
                                   "user-agent2",
                                   ""})
        EXPECT_EQ(fields(forwardable(headers({{name, "v"}}), {})), Fields{}) << name;
}

TEST(Forwardable, AddsWhatTheAccountAsksFor)
{
    const auto kept = forwardable(
        headers({{"X-Tenant", "1"}, {"X-Other", "2"}, {"User-Agent", "3"}}), {"x-tenant"});
    EXPECT_EQ(fields(kept), (Fields{{"X-Tenant", "1"}, {"User-Agent", "3"}}));
}

TEST(Forwardable, KeepsOrderAndRepetition)
{
    const auto kept =
        forwardable(headers({{"openai-beta", "a"}, {"cookie", "c"}, {"openai-beta", "b"}}), {});
    EXPECT_EQ(fields(kept), (Fields{{"openai-beta", "a"}, {"openai-beta", "b"}}));
}

TEST(SessionName, IsTheFirstOfItsHeaders)
{
    struct Case
    {
        Fields fields;
        const char* name;
    };
    const Case cases[] = {
        {{}, ""},
        {{{"session-id", "a"}}, "a"},
        {{{"Session_Id", "b"}}, "b"},
        {{{"conversation_id", "c"}}, "c"},
        {{{"conversation_id", "c"}, {"session_id", "b"}, {"session-id", "a"}}, "a"},
        {{{"conversation_id", "c"}, {"session_id", "b"}}, "b"},
        {{{"session-id", ""}, {"conversation_id", "c"}}, "c"},
        {{{"thread-id", "t"}}, ""},
    };
    for (const Case& c : cases)
        EXPECT_EQ(session_name(headers(c.fields)), c.name);
}

TEST(ClientAddress, IsReadFromTheRightAsFarAsProxiesAreTrusted)
{
    struct Case
    {
        const char* peer;
        std::vector<std::string> forwarded; // one field each
        const char* address;
    };
    const Case cases[] = {
        {"203.0.113.9", {}, "203.0.113.9"},
        {"203.0.113.9", {"198.51.100.1"}, "203.0.113.9"},         // nobody vouches for it
        {"10.0.0.1", {}, "10.0.0.1"},                             // a proxy that says nothing
        {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},           //
        {"10.0.0.1", {" 198.51.100.1\t"}, "198.51.100.1"},        //
        {"10.0.0.1", {"198.51.100.1, 10.0.0.2"}, "198.51.100.1"}, // two proxies
        {"10.0.0.1", {"198.51.100.1,10.0.0.2,10.0.0.3"}, "198.51.100.1"},  //
        {"10.0.0.1", {"6.6.6.6, 198.51.100.1"}, "198.51.100.1"},           // a forged left end
        {"10.0.0.1", {"6.6.6.6, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"}, //
        {"10.0.0.1", {"198.51.100.1", "10.0.0.2"}, "198.51.100.1"},        // two fields
        {"10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},                  // proxies only
        {"10.0.0.1", {"unknown"}, "10.0.0.1"},                             //
        {"10.0.0.1", {"198.51.100.1, garbage"}, "10.0.0.1"},               //
        {"10.0.0.1", {"198.51.100.1, garbage, 10.0.0.2"}, "10.0.0.2"},     //
        {"10.0.0.1", {""}, "10.0.0.1"},                                    //
        {"10.0.0.1", {","}, "10.0.0.1"},                                   //
        {"10.0.0.1", {"198.51.100.1:4711"}, "10.0.0.1"},     // with a port it is no address
        {"10.0.0.1", {"2001:db8::7"}, "2001:db8::7"},        //
        {"2001:db8:1::1", {"198.51.100.1"}, "198.51.100.1"}, //
        {"unix", {"198.51.100.1"}, "unix"},                  //
    };
    std::vector<config::Cidr> trusted;
    for (const char* block : {"10.0.0.0/8", "2001:db8:1::/48"})
        trusted.push_back(*config::Cidr::parse(block));
    for (const Case& c : cases) {
        Fields fields;
        for (const std::string& value : c.forwarded)
            fields.emplace_back("X-Forwarded-For", value);
        const std::string shown = std::string(c.peer) + " " + testing::PrintToString(c.forwarded);
        EXPECT_EQ(client_address(c.peer, headers(fields), trusted), c.address) << shown;
    }
}

TEST(ClientAddress, IsThePeersWhenNoProxyIsTrusted)
{
    EXPECT_EQ(client_address("127.0.0.1", headers({{"x-forwarded-for", "198.51.100.1"}}), {}),
              "127.0.0.1");
}

} // namespace
} // namespace turngate::gateway
