#include "dial_under_test.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

using namespace std::chrono_literals;

using core::FaultCode;

TEST(Dial, UpgradesAndKeepsWhatCameWithIt)
{
    HttpRequest seen;
    Dialing test(answering([&](const HttpRequest& request) {
        seen = request;
        return switching(request, "x-request-id: req_1\r\n") + "\x81\x05hello";
    }));
    test.target.url.path = "/v1/responses?api-version=2";
    test.target.headers.add("authorization", "Bearer sk-1");
    test.target.headers.add("openai-beta", "responses");
    auto dialed = test.dial();
    ASSERT_TRUE(dialed) << dialed.error().fault.where;
    EXPECT_EQ(dialed->headers.get("x-request-id"), "req_1");
    EXPECT_EQ(next(test.loop, *dialed), "\x81\x05hello");

    EXPECT_TRUE(is_valid_upgrade(seen));
    EXPECT_EQ(seen.target, "/v1/responses?api-version=2");
    EXPECT_EQ(seen.headers.get("host"), test.server.address());
    EXPECT_EQ(seen.headers.get("authorization"), "Bearer sk-1");
    EXPECT_EQ(seen.headers.get("openai-beta"), "responses");
    EXPECT_FALSE(seen.headers.has("sec-websocket-extensions"));
}

TEST(Dial, TakesANewKeyEachTime)
{
    std::vector<std::string> keys;
    Dialing test(answering([&](const HttpRequest& request) {
        keys.emplace_back(request.headers.get("sec-websocket-key"));
        return switching(request);
    }));
    ASSERT_TRUE(test.dial());
    ASSERT_TRUE(test.dial());
    EXPECT_NE(keys.at(0), keys.at(1));
}

TEST(Dial, BringsARefusalWithItsAnswer)
{
    for (const int status : {200, 301, 400, 401, 403, 426, 429, 500, 503}) {
        Dialing test(answering([&](const HttpRequest&) {
            return "HTTP/1.1 " + std::to_string(status) +
                   " No\r\nRetry-After: 17\r\nContent-Length: 12\r\n\r\n{\"error\":{}}";
        }));
        const auto dialed = test.dial();
        ASSERT_FALSE(dialed) << status;
        EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_refused) << status;
        EXPECT_EQ(dialed.error().fault.status, status);
        EXPECT_EQ(dialed.error().response.headers.get("retry-after"), "17");
        EXPECT_EQ(dialed.error().response.body, R"({"error":{}})");
    }
}

// A page of any size, however it comes, whole or not: it is the status that counts.
TEST(Dial, KnowsARefusalByItsHead)
{
    const std::string page(300 << 10, 'x');
    const std::pair<std::string, std::string> answers[] = {
        {"Content-Length: 307200", page},
        {"Content-Length: 307200", "only this"},
        {"Content-Length: 99999999999999", page},
        {"Transfer-Encoding: chunked", "4b000\r\n" + page + "\r\n"},
        {"Transfer-Encoding: chunked", ""},
        {"Connection: close", page},
        {"Connection: close", ""},
    };
    for (const auto& [framing, body] : answers) {
        Dialing test(answering([&](const HttpRequest&) {
            return "HTTP/1.1 403 No\r\nCF-Mitigated: challenge\r\n" + framing + "\r\n\r\n" + body;
        }));
        const auto begin = core::Clock::now();
        const auto dialed = test.dial();
        ASSERT_FALSE(dialed) << framing;
        EXPECT_LT(core::Clock::now() - begin, 5s) << framing;
        EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_refused) << framing;
        EXPECT_EQ(dialed.error().fault.status, 403) << framing;
        EXPECT_EQ(dialed.error().response.headers.get("cf-mitigated"), "challenge");
        EXPECT_LE(dialed.error().response.body.size(), 16u << 10);
        EXPECT_EQ(dialed.error().response.body.empty(), body.empty()) << framing;
    }
}

TEST(Dial, TakesNoUpgradeThatIsNone)
{
    const std::function<std::string(const HttpRequest&)> answers[] = {
        [](const HttpRequest&) { return "HTTP/1.1 101 Switching Protocols\r\n\r\n"; },
        [](const HttpRequest&) {
            return "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: "
                   "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        },
        [](const HttpRequest& request) {
            return switching(request,
                             "Sec-WebSocket-Extensions: permessage-deflate\r\n"); // never offered
        },
    };
    for (const auto& answer : answers) {
        Dialing test(answering(answer));
        const auto dialed = test.dial();
        ASSERT_FALSE(dialed);
        EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed);
        EXPECT_STREQ(dialed.error().fault.where, "upgrade");
    }
}

// Whatever a server says, the fault is its own and never the client's.
TEST(Dial, BlamesTheServerForWhatIsNoHttp)
{
    const std::string answers[] = {
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nno colon\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
    };
    for (const std::string& answer : answers) {
        Dialing test(answering([&](const HttpRequest&) { return answer; }));
        const auto dialed = test.dial();
        ASSERT_FALSE(dialed) << answer;
        EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed) << answer;
    }
}

TEST(Dial, FailsWhenTheServerHangsUp)
{
    Dialing test([](Stream& stream) -> Task<> {
        co_await read_request(stream, {}, {}, fakes::later());
        stream.close();
    });
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed);
    EXPECT_EQ(dialed.error().fault.cause, asio::error::eof);
}

TEST(Dial, FailsWhereNobodyListens)
{
    Dialing test(answering([](const HttpRequest& request) { return switching(request); }));
    fakes::run(test.loop, test.server.finish());
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed);
    EXPECT_EQ(dialed.error().fault.cause, asio::error::connection_refused);
}

TEST(Dial, FailsForANameThatIsNone)
{
    Dialing test(answering([](const HttpRequest& request) { return switching(request); }));
    test.target.url.host = "no.such.host.invalid";
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed);
    EXPECT_STREQ(dialed.error().fault.where, "resolve");
    EXPECT_EQ(test.server.accepted(), 0);
}

TEST(Dial, ResolvesNames)
{
    Dialing test(answering([](const HttpRequest& request) { return switching(request); }));
    test.target.url.host = "localhost"; // the second address may be the one that listens
    EXPECT_TRUE(test.dial());
}

TEST(Dial, GivesUpAtItsDeadline)
{
    Dialing silent([](Stream& stream) -> Task<> {
        co_await read_request(stream, {}, {}, fakes::later());
        std::array<char, 64> bytes;
        co_await stream.read_some(bytes, fakes::later());
    });
    const auto begin = core::Clock::now();
    const auto dialed = silent.dial(fakes::in(100ms));
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::upstream_timeout);
    EXPECT_LT(core::Clock::now() - begin, 5s);
}

TEST(Dial, DoesNotBeginOnceItIsStopped)
{
    Dialing test(answering([](const HttpRequest& request) { return switching(request); }));
    test.stop.request({FaultCode::client_gone, {}, "test"});
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::client_gone);
    EXPECT_EQ(test.server.accepted(), 0);
}

TEST(Dial, StopsInTheMiddleOfAnUpgrade)
{
    bool is_asked = false;
    Dialing test([&](Stream& stream) -> Task<> {
        co_await read_request(stream, {}, {}, fakes::later());
        is_asked = true;
        std::array<char, 64> bytes;
        co_await stream.read_some(bytes, fakes::later());
    });
    std::optional<DialResult> dialed;
    TaskGroup tasks(test.loop);
    tasks.spawn(
        "dial",
        fakes::keep(test.dialer->dial(test.loop, test.target, fakes::later(), test.stop), dialed));
    fakes::until(test.loop, [&] { return is_asked; });
    test.stop.request({FaultCode::client_gone, {}, "test"});
    fakes::until(test.loop, [&] { return tasks.running() == 0; });
    ASSERT_FALSE(*dialed);
    EXPECT_EQ(dialed->error().fault.code, FaultCode::client_gone);
}

TEST(Dial, StopsInTheMiddleOfAConnect)
{
    FullListener full;
    Dialing test(answering([](const HttpRequest& request) { return switching(request); }));
    test.target.url.port = full.port();
    std::optional<DialResult> dialed;
    TaskGroup tasks(test.loop);
    tasks.spawn(
        "dial",
        fakes::keep(test.dialer->dial(test.loop, test.target, fakes::later(), test.stop), dialed));
    fakes::settle(test.loop);
    ASSERT_FALSE(dialed);
    test.stop.request({FaultCode::client_gone, {}, "test"});
    fakes::until(test.loop, [&] { return tasks.running() == 0; });
    ASSERT_FALSE(*dialed);
    EXPECT_EQ(dialed->error().fault.code, FaultCode::client_gone);
}

TEST(Dial, GivesUpConnectingAtItsDeadline)
{
    FullListener full;
    Dialing test(answering([](const HttpRequest& request) { return switching(request); }));
    test.target.url.port = full.port();
    const auto dialed = test.dial(fakes::in(100ms));
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::upstream_timeout);
    EXPECT_STREQ(dialed.error().fault.where, "connect");
}

} // namespace
} // namespace turngate::net::test
