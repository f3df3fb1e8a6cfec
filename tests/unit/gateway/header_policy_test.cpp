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

TEST(IsCodex, BelievesWhatAClientCallsItself)
{
    struct Case
    {
        Fields fields;
        bool is_codex;
    };
    const Case cases[] = {
        {{{"user-agent", "codex_cli_rs/0.169.0 (Debian 12)"}}, true},
        {{{"User-Agent", "Codex Desktop/1.0"}}, true},
        {{{"originator", "codex_exec"}}, true},
        {{{"Originator", "CODEX_VSCODE"}, {"user-agent", "node"}}, true},
        {{{"user-agent", "codex"}}, true},
        {{}, false},
        {{{"user-agent", "code"}}, false},
        {{{"user-agent", "openai-node/6.46.0"}}, false},
        {{{"user-agent", "my-codex/1"}}, false},
        {{{"x-codex-turn-state", "codex"}}, false},
    };
    for (const Case& c : cases)
        EXPECT_EQ(is_codex(headers(c.fields)), c.is_codex) << testing::PrintToString(c.fields);
}

} // namespace
} // namespace turngate::gateway
