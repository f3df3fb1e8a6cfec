#include "turngate/net/http.hpp"

#include "fakes/raw_peer.hpp"
#include "fakes/run.hpp"
#include "turngate/net/task_group.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

using namespace std::chrono_literals;

using fakes::in;
using fakes::later;
using fakes::make_pair;
using fakes::run;
using fakes::settle;

const std::string kUpgrade = "GET /v1/responses?beta=1 HTTP/1.1\r\n"
                             "Host: gateway\r\n"
                             "Connection: keep-alive, Upgrade\r\n"
                             "Upgrade: websocket\r\n"
                             "X-Twice: one\r\n"
                             "X-Twice: two\r\n"
                             "\r\n";

core::Result<HttpRequest> read(Loop& loop, std::string_view bytes, HttpLimits limits = {})
{
    auto [stream, peer] = make_pair(loop);
    peer.send(bytes);
    return run(loop, read_request(stream, {}, limits, later()));
}

void expect_upgrade(const HttpRequest& request)
{
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/v1/responses?beta=1");
    EXPECT_EQ(request.path(), "/v1/responses");
    EXPECT_EQ(request.query(), "beta=1");
    EXPECT_EQ(request.headers.get("host"), "gateway");
    EXPECT_EQ(request.headers.get("X-TWICE"), "one");
    EXPECT_EQ(std::distance(request.headers.begin(), request.headers.end()), 5);
    EXPECT_TRUE(request.headers.has("upgrade"));
    EXPECT_FALSE(request.headers.has("cookie"));
    EXPECT_TRUE(request.keep_alive);
}

TEST(HttpRequest, IsReadFromOnePiece)
{
    Loop loop(0);
    const auto request = read(loop, kUpgrade);
    ASSERT_TRUE(request);
    expect_upgrade(*request);
    EXPECT_EQ(request->leftover, "");
}

TEST(HttpRequest, IsReadWhereverItIsSplit)
{
    Loop loop(0);
    for (std::size_t at = 1; at < kUpgrade.size(); ++at) {
        auto [stream, peer] = make_pair(loop);
        peer.send(std::string_view(kUpgrade).substr(0, at));
        std::optional<core::Result<HttpRequest>> request;
        TaskGroup tasks(loop);
        tasks.spawn("reader", fakes::keep(read_request(stream, {}, {}, later()), request));
        settle(loop);
        ASSERT_FALSE(request) << at;
        peer.send(std::string_view(kUpgrade).substr(at));
        fakes::until(loop, [&] { return tasks.running() == 0; });
        ASSERT_TRUE(*request) << at;
        expect_upgrade(**request);
    }
}

TEST(HttpRequest, IsReadByteByByte)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    std::optional<core::Result<HttpRequest>> request;
    TaskGroup tasks(loop);
    tasks.spawn("reader", fakes::keep(read_request(stream, {}, {}, later()), request));
    for (const char byte : kUpgrade) {
        peer.send({&byte, 1});
        settle(loop);
    }
    fakes::until(loop, [&] { return tasks.running() == 0; });
    ASSERT_TRUE(*request);
    expect_upgrade(**request);
}

TEST(HttpRequest, BeginsWithWhatWasReadBefore)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    peer.send(kUpgrade.substr(20));
    const auto request = run(loop, read_request(stream, kUpgrade.substr(0, 20), {}, later()));
    ASSERT_TRUE(request);
    expect_upgrade(*request);
}

TEST(HttpRequest, LeavesTheNextOneAlone)
{
    Loop loop(0);
    const auto first = read(loop, kUpgrade + "\x81\x05hello");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->leftover, "\x81\x05hello");

    const std::string body = "POST /reload HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345";
    const auto post = read(loop, body + "GET / HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(post);
    EXPECT_EQ(post->body, "12345");
    EXPECT_EQ(post->leftover, "GET / HTTP/1.1\r\n\r\n");
}

TEST(HttpRequest, ReadsChunkedBodies)
{
    Loop loop(0);
    const auto request = read(loop,
                              "POST / HTTP/1.1\r\nTransfer-Encoding: "
                              "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nrest");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->body, "abcde");
    EXPECT_EQ(request->leftover, "rest");
}

TEST(HttpRequest, KnowsWhenTheConnectionShallClose)
{
    Loop loop(0);
    EXPECT_FALSE(read(loop, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")->keep_alive);
    EXPECT_FALSE(read(loop, "GET / HTTP/1.0\r\n\r\n")->keep_alive);
}

TEST(HttpRequest, IsRefusedWithTheStatusItDeserves)
{
    struct Case
    {
        std::string bytes;
        int status;
    };
    const HttpLimits limits{.headers = 1024, .body = 64};
    const std::string long_value(2000, 'x');
    std::string many_fields = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 200; ++i)
        many_fields += "X-Field: 1\r\n";
    const Case cases[] = {
        {"GET / HTTP/1.1\r\nX-Long: " + long_value + "\r\n\r\n", 431},
        {"GET / HTTP/1.1\r\nX-Long: " + long_value, 431}, // no end in sight
        {"GET /" + long_value + " HTTP/1.1\r\n\r\n", 431},
        {many_fields + "\r\n", 431},
        {"POST / HTTP/1.1\r\nContent-Length: 65\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(20'000, 'x'), 431},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: " + std::string(20'000, 'x'),
         431},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n" + std::string(65, 'x') +
             "\r\n0\r\n\r\n",
         413},
        {"hello\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nBad Name: 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nX: a\x01"
         "b\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
        {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
        {"\x16\x03\x01\x02\x00\x01\x00", 400}, // TLS at a plain port
    };
    Loop loop(0);
    for (const Case& c : cases) {
        const auto request = read(loop, c.bytes, limits);
        ASSERT_FALSE(request) << c.bytes;
        EXPECT_EQ(request.error().status, c.status) << c.bytes;
        EXPECT_EQ(request.error().code, core::FaultCode::invalid_request) << c.bytes;
    }
}

TEST(HttpRequest, SixteenKibibytesOfHeadersAreNotTooMany)
{
    Loop loop(0);
    const std::string head = "GET / HTTP/1.1\r\nX-Long: ";
    EXPECT_TRUE(read(loop, head + std::string(16 * 1024 - head.size() - 4, 'x') + "\r\n\r\n"));
    EXPECT_FALSE(read(loop, head + std::string(16 * 1024, 'x') + "\r\n\r\n"));
}

TEST(HttpRequest, EndsWithItsPeer)
{
    Loop loop(0);
    for (const std::string sent : {"", "GET / HT"}) {
        auto [stream, peer] = make_pair(loop);
        peer.send(sent);
        peer.vanish();
        const auto request = run(loop, read_request(stream, {}, {}, later()));
        ASSERT_FALSE(request);
        EXPECT_EQ(request.error().code, core::FaultCode::upstream_lost);
        EXPECT_EQ(request.error().cause, asio::error::eof);
        EXPECT_EQ(request.error().status, 0);
    }
}

TEST(HttpRequest, EndsAtItsDeadline)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    peer.send("GET / HT");
    const auto request = run(loop, read_request(stream, {}, {}, in(std::chrono::milliseconds(50))));
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, core::FaultCode::upstream_timeout);
    EXPECT_FALSE(stream.is_open());
    EXPECT_TRUE(peer.is_ended());
}

core::Result<HttpResponse> answer(Loop& loop, std::string_view bytes)
{
    auto [stream, peer] = make_pair(loop);
    peer.send(bytes);
    peer.vanish();
    return run(loop, read_response(stream, {}, later()));
}

TEST(HttpResponse, IsReadWithItsBody)
{
    Loop loop(0);
    const auto response =
        answer(loop, "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}more");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 429);
    EXPECT_EQ(response->headers.get("retry-after"), "7");
    EXPECT_EQ(response->body, "{}");
    EXPECT_EQ(response->leftover, "more");
}

TEST(HttpResponse, SwitchingProtocolsEndsWithItsHeaders)
{
    Loop loop(0);
    const auto response =
        answer(loop, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02{}");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 101);
    EXPECT_EQ(response->leftover, "\x81\x02{}");
}

TEST(HttpResponse, WithoutALengthEndsWithTheConnection)
{
    Loop loop(0);
    const auto response = answer(loop, "HTTP/1.1 500 Oops\r\n\r\nit broke");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "it broke");
}

TEST(HttpResponse, IsKnownByItsHead)
{
    Loop loop(0);
    const auto cut = answer(loop, "HTTP/1.1 503 No\r\nContent-Length: 10\r\n\r\n12345");
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->status, 503);
    EXPECT_EQ(cut->body, "12345");

    const auto broken =
        answer(loop, "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
    ASSERT_TRUE(broken);
    EXPECT_EQ(broken->status, 403);
    EXPECT_EQ(broken->body, "abc");
}

TEST(HttpResponse, IsLostWhenItsHeadIsCut)
{
    Loop loop(0);
    const auto response = answer(loop, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n");
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, core::FaultCode::upstream_lost);
}

TEST(HttpResponse, KeepsTheBeginningOfALargeBody)
{
    for (const std::string framing : {"Content-Length: 9999999999999",
                                      "Content-Length: 307200",
                                      "Transfer-Encoding: chunked",
                                      "X: until the end"}) {
        Loop loop(0);
        auto [stream, peer] = make_pair(loop);
        const std::string size = framing.starts_with("T") ? "4b000\r\n" : "";
        peer.send("HTTP/1.1 403 No\r\n" + framing + "\r\n\r\n" + size + std::string(20'000, 'x'));
        const HttpLimits limits{.headers = 1024, .body = 16'384, .body_time = 1h};
        const auto response = run(loop, read_response(stream, limits, later()));
        ASSERT_TRUE(response) << framing;
        EXPECT_EQ(response->status, 403);
        EXPECT_EQ(response->body, std::string(16'384, 'x')) << framing;
    }
}

TEST(HttpResponse, DoesNotWaitForABodyThatDoesNotCome)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    peer.send("HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 100\r\n\r\nsome");
    const HttpLimits limits{.headers = 1024, .body = 16'384, .body_time = 50ms};
    const auto response = run(loop, read_response(stream, limits, later()));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->headers.get("retry-after"), "7");
    EXPECT_EQ(response->body, "some");
}

TEST(HttpResponse, PassesOverWhatIsInformational)
{
    Loop loop(0);
    const auto response = answer(loop,
                                 "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                                 "HTTP/1.1 100 Continue\r\n\r\n"
                                 "HTTP/1.1 101 Switching Protocols\r\n\r\nfirst");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 101);
    EXPECT_EQ(response->leftover, "first");
    EXPECT_FALSE(response->headers.has("link"));
}

TEST(HttpResponse, IsWholeOrAFault)
{
    using core::FaultCode;
    struct Row
    {
        std::string bytes;
        std::optional<FaultCode> fault; // nothing: the body is kWhole
    };
    const std::string kWhole(5'000, 'x'), kOk = "HTTP/1.1 200 OK\r\n";
    const std::string kLong = "Content-Length: 5000\r\n\r\n",
                      kChunks = "Transfer-Encoding: chunked\r\n\r\n";
    const Row rows[] = {
        {kOk + kLong + kWhole, {}},
        {kOk + kChunks + "1388\r\n" + kWhole + "\r\n0\r\n\r\n", {}},
        {kOk + "\r\n" + kWhole, {}}, // its end is the connection's
        {"HTTP/1.1 100 Continue\r\n\r\n" + kOk + kLong + kWhole, {}},
        {kOk + kLong + "some", FaultCode::upstream_lost},
        {kOk + kChunks + "1388\r\n" + kWhole, FaultCode::upstream_lost},
        {kOk + "Content-Le", FaultCode::upstream_lost},
        {"", FaultCode::upstream_lost},
        {"no HTTP at all\r\n\r\n", FaultCode::upstream_error},
        {kOk + "Content-Length: 9000\r\n\r\n" + kWhole + kWhole, FaultCode::upstream_error},
        {kOk + "\r\n" + kWhole + kWhole, FaultCode::upstream_error}};
    for (const Row& row : rows) {
        Loop loop(0);
        auto [stream, peer] = make_pair(loop);
        peer.send(row.bytes);
        peer.vanish();
        core::ByteBudget budget(1 << 20);
        core::ByteBudget::Share share(budget);
        Stop stop;
        const HttpLimits limits{.headers = 1024, .body = 6'000};
        const auto response = run(loop, read_whole_response(stream, limits, share, later(), stop));
        EXPECT_EQ(response.has_error() ? std::optional(response.error().code) : std::nullopt,
                  row.fault)
            << row.bytes.substr(0, 60);
        if (response)
            EXPECT_EQ(response->body, kWhole);
    }
}

TEST(HttpResponse, IsNotWholeWithoutRoomForIt)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + std::string(5'000, 'x'));
    core::ByteBudget budget(4'000);
    core::ByteBudget::Share share(budget);
    Stop stop;
    const auto response =
        run(loop, read_whole_response(stream, HttpLimits{}, share, later(), stop));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, core::FaultCode::upstream_error);
}

TEST(HttpResponse, StopsWaitingWhenItIsTold)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    Stop stop;
    std::optional<core::Result<HttpResponse>> response;
    TaskGroup tasks(loop);
    tasks.spawn("reader", fakes::keep(read_response(stream, {}, later(), &stop), response));
    settle(loop);
    ASSERT_FALSE(response);
    stop.request({core::FaultCode::client_gone, {}, "test"});
    fakes::until(loop, [&] { return tasks.running() == 0; });
    ASSERT_FALSE(*response);
    EXPECT_EQ(response->error().code, core::FaultCode::client_gone);
}

} // namespace
} // namespace turngate::net::test
