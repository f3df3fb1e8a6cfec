#include "dial_under_test.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

using namespace std::chrono_literals;
using std::string_literals::operator""s;

using core::FaultCode;

Task<std::string> read_bytes(Stream& stream, std::size_t size)
{
    std::string bytes(size, '\0');
    for (std::size_t got = 0; got < size;) {
        const auto read = co_await stream.read_some(std::span(bytes).subspan(got), fakes::later());
        if (!read)
            co_return bytes.substr(0, got);
        got += *read;
    }
    co_return bytes;
}

// The proxy plays the server behind it too, once it has agreed.
Task<> play_server(Stream& stream)
{
    const auto request = co_await read_request(stream, {}, {}, fakes::later());
    if (!request)
        co_return;
    const std::string bytes = switching(*request) + "\x81\x05hello";
    co_await stream.write_all(bytes, fakes::later());
    std::array<char, 64> rest;
    co_await stream.read_some(rest, fakes::later());
}

struct ProxyDialing : Dialing
{
    ProxyDialing(const std::string& scheme, fakes::TestServer::Story story)
        : Dialing(std::move(story))
    {
        proxy = scheme;
        target.url = *parse_url("ws://upstream.test:8443/v1/responses");
        use("");
    }
    void use(const std::string& credentials)
    {
        target.proxy = parse_url(proxy + "://" + credentials + server.address());
    }
    std::string proxy;
};

TEST(HttpProxy, IsAskedForATunnel)
{
    HttpRequest asked;
    ProxyDialing test("http", [&](Stream& stream) -> Task<> {
        auto request = co_await read_request(stream, {}, {}, fakes::later());
        asked = *request;
        co_await stream.write_all("HTTP/1.1 200 Connection established\r\n\r\n", fakes::later());
        co_await play_server(stream);
    });
    auto dialed = test.dial();
    ASSERT_TRUE(dialed) << dialed.error().fault.where;
    EXPECT_EQ(asked.method, "CONNECT");
    EXPECT_EQ(asked.target, "upstream.test:8443");
    EXPECT_EQ(asked.headers.get("host"), "upstream.test:8443");
    EXPECT_FALSE(asked.headers.has("proxy-authorization"));
    EXPECT_FALSE(asked.headers.has("authorization"));
    EXPECT_EQ(next(test.loop, *dialed), "\x81\x05hello");

    test.use("us%40er:pass@");
    ASSERT_TRUE(test.dial());
    EXPECT_EQ(asked.headers.get("proxy-authorization"), "Basic dXNAZXI6cGFzcw==");
}

TEST(HttpProxy, BracketsAnIpv6Host)
{
    std::string target;
    ProxyDialing test("http", [&](Stream& stream) -> Task<> {
        auto request = co_await read_request(stream, {}, {}, fakes::later());
        target = request->target;
        co_await stream.write_all("HTTP/1.0 200 OK\r\nX-Proxy: yes\r\n\r\n", fakes::later());
        co_await play_server(stream);
    });
    test.target.url = *parse_url("ws://[2001:db8::1]/x");
    ASSERT_TRUE(test.dial());
    EXPECT_EQ(target, "[2001:db8::1]:80");
}

// A server that speaks first: what comes right behind the proxy's answer belongs to it.
TEST(HttpProxy, SwallowsNothingOfTheTunnel)
{
    ProxyDialing test("http", [&](Stream& stream) -> Task<> {
        co_await read_request(stream, {}, {}, fakes::later());
        const std::string first = "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 403 ";
        co_await stream.write_all(first, fakes::later());
        co_await stream.write_all("No\r\nContent-Length: 4\r\n\r\nbody", fakes::later());
        co_await read_bytes(stream, 100'000);
    });
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_refused);
    EXPECT_EQ(dialed.error().fault.status, 403);
    EXPECT_EQ(dialed.error().response.body, "body");
}

TEST(HttpProxy, RefusesAsAFailedDial)
{
    const std::pair<std::string, std::string> answers[] = {
        {"HTTP/1.1 407 No\r\n\r\n", "the proxy answered 407 Proxy Authentication Required"},
        {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy answered 502 Bad Gateway"},
        {"HTTP/1.1 101 Switching\r\n\r\n", "the proxy answered 101 Switching Protocols"},
        {"what?\r\n\r\n", "Invalid argument"},
    };
    for (const auto& [answer, words] : answers) {
        ProxyDialing test("http", answering([&](const HttpRequest&) { return answer; }));
        const auto dialed = test.dial();
        ASSERT_FALSE(dialed) << answer;
        EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed) << answer;
        EXPECT_STREQ(dialed.error().fault.where, "proxy");
        EXPECT_EQ(dialed.error().fault.status, 0);
        EXPECT_EQ(dialed.error().fault.cause.message(), words);
    }
}

TEST(HttpProxy, MayNotTalkForEver)
{
    ProxyDialing test("http", answering([](const HttpRequest&) {
                          return "HTTP/1.1 200 OK\r\nX-Long: " + std::string(20'000, 'x');
                      }));
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.cause, asio::error::message_size);

    ProxyDialing silent("http", answering([](const HttpRequest&) { return std::string(); }));
    const auto waited = silent.dial(fakes::in(100ms));
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().fault.code, FaultCode::upstream_timeout);
}

struct Socks
{
    std::string greeting, login, request;
};

// RFC 1928 and 1929; `bound` is the address of its answer, type included.
fakes::TestServer::Story socks_proxy(Socks& seen,
                                     std::string bound,
                                     char verdict = 0,
                                     std::string extra = {})
{
    return [&seen, bound = std::move(bound), verdict, extra = std::move(extra)](
               Stream& stream) -> Task<> {
        seen = {};
        seen.greeting = co_await read_bytes(stream, 3);
        const char method = seen.greeting[2];
        const std::string chosen = "\x05"s + method;
        co_await stream.write_all(chosen, fakes::later());
        if (method == 2) {
            seen.login = co_await read_bytes(stream, 2);
            std::string name =
                co_await read_bytes(stream, static_cast<std::size_t>(seen.login[1]) + 1);
            seen.login += name;
            const auto length = static_cast<std::size_t>(name.back());
            std::string password = co_await read_bytes(stream, length);
            seen.login += password;
            const bool is_right = password == "pass";
            const std::string answer = is_right ? "\x01\x00"s : "\x01\x01"s;
            co_await stream.write_all(answer, fakes::later());
            if (!is_right)
                co_return;
        }
        seen.request = co_await read_bytes(stream, 5);
        const char kind = seen.request[3];
        const std::size_t rest = kind == 1   ? 5
                                 : kind == 4 ? 17
                                             : static_cast<unsigned char>(seen.request[4]) + 2u;
        const std::string tail = co_await read_bytes(stream, rest);
        seen.request += tail;
        const std::string answer = "\x05"s + verdict + "\x00"s + bound + "\x1f\x90"s + extra;
        co_await stream.write_all(answer, fakes::later());
        if (verdict == 0)
            co_await play_server(stream);
    };
}

const std::string kV4 = "\x01\x7f\x00\x00\x01"s;
const std::string kV6 = "\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"s;
const std::string kName = "\x03\x09"
                          "proxy.lan"s;

TEST(Socks5, LetsTheProxyResolveWithH)
{
    for (const std::string& bound : {kV4, kV6, kName, "\x03\x00"s}) {
        Socks seen;
        ProxyDialing test("socks5h", socks_proxy(seen, bound));
        auto dialed = test.dial();
        ASSERT_TRUE(dialed) << dialed.error().fault.where;
        EXPECT_EQ(seen.greeting, "\x05\x01\x00"s);
        EXPECT_EQ(seen.request, "\x05\x01\x00\x03\x0d"s + "upstream.test" + "\x20\xfb");
        EXPECT_EQ(next(test.loop, *dialed), "\x81\x05hello");
    }
}

TEST(Socks5, ResolvesItselfWithoutH)
{
    Socks seen;
    ProxyDialing test("socks5", socks_proxy(seen, kV4));
    test.target.url.host = "127.0.0.2";
    ASSERT_TRUE(test.dial());
    EXPECT_EQ(seen.request, "\x05\x01\x00\x01\x7f\x00\x00\x02\x20\xfb"s);

    test.target.url.host = "2001:db8::1";
    ASSERT_TRUE(test.dial());
    EXPECT_EQ(seen.request, "\x05\x01\x00"s + kV6 + "\x20\xfb");

    test.target.url.host = "no.such.host.invalid";
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_STREQ(dialed.error().fault.where, "resolve");
}

TEST(Socks5, LogsInWithCredentials)
{
    Socks seen;
    ProxyDialing test("socks5h", socks_proxy(seen, kV4));
    test.use("user:pass@");
    ASSERT_TRUE(test.dial());
    EXPECT_EQ(seen.greeting, "\x05\x01\x02"s);
    EXPECT_EQ(seen.login,
              "\x01\x04"
              "user\x04"
              "pass"s);

    test.use("user:wrong@");
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed);
    EXPECT_EQ(dialed.error().fault.cause, asio::error::access_denied);
}

TEST(Socks5, SwallowsNothingOfTheTunnel)
{
    Socks seen;
    ProxyDialing test(
        "socks5h", socks_proxy(seen, kName, 0, "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nbody"));
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.status, 403);
    EXPECT_EQ(dialed.error().response.body, "body");
}

TEST(Socks5, RefusesAsAFailedDial)
{
    Socks seen;
    ProxyDialing test("socks5h", socks_proxy(seen, kV4, 5));
    const auto refused = test.dial();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault.code, FaultCode::dial_failed);
    EXPECT_EQ(refused.error().fault.cause.message(), "the proxy answered connection refused");

    ProxyDialing no_method("socks5h", [](Stream& stream) -> Task<> {
        co_await read_bytes(stream, 3);
        const std::string none = "\x05\xff";
        co_await stream.write_all(none, fakes::later());
    });
    const auto denied = no_method.dial();
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().fault.cause, asio::error::access_denied);

    ProxyDialing gone("socks5h", [](Stream& stream) -> Task<> { co_await read_bytes(stream, 3); });
    const auto cut = gone.dial();
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().fault.code, FaultCode::dial_failed);
}

TEST(Socks5, GivesUpAtItsDeadline)
{
    ProxyDialing test("socks5h",
                      [](Stream& stream) -> Task<> { co_await read_bytes(stream, 100); });
    const auto dialed = test.dial(fakes::in(100ms));
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::upstream_timeout);
}

} // namespace
} // namespace turngate::net::test
