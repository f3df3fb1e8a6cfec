#include "dial_under_test.hpp"

#include "fakes/certificate.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

namespace turngate::net::test {
namespace {

using namespace std::chrono_literals;

using core::FaultCode;

// A client context that knows one authority more, or none.
std::shared_ptr<const TlsContext> trusting(const std::string& file)
{
    ::setenv("SSL_CERT_FILE", file.c_str(), 1);
    auto tls = TlsContext::client();
    ::unsetenv("SSL_CERT_FILE");
    return tls;
}

fakes::TestServer::Story over_tls(const fakes::Certificate& certificate, std::string& server_name)
{
    const auto context = TlsContext::server(certificate.cert_path(), certificate.key_path());
    return [context, &server_name](Stream& stream) -> Task<> {
        const auto secure = co_await stream.start_tls(*context, {}, fakes::later());
        if (!secure)
            co_return;
        const auto request = co_await read_request(stream, {}, {}, fakes::later());
        if (!request)
            co_return;
        server_name = request->headers.get("host");
        const std::string bytes = switching(*request) + "\x81\x05hello";
        co_await stream.write_all(bytes, fakes::later());
        std::array<char, 64> rest;
        co_await stream.read_some(rest, fakes::later());
    };
}

struct TlsDialing : Dialing
{
    TlsDialing(const fakes::Certificate& certificate, const std::string& trusted, std::string& host)
        : Dialing(over_tls(certificate, host), trusting(trusted))
    {
        target.url = *parse_url("wss://" + server.address() + "/v1/responses");
    }
};

std::string words_of(const DialResult& dialed)
{
    return dialed ? "no fault" : dialed.error().fault.cause.message();
}

TEST(DialTls, TrustsTheAuthoritiesOfTheSystem)
{
    const fakes::Certificate certificate("DNS:localhost,IP:127.0.0.1");
    std::string host;
    TlsDialing test(certificate, certificate.cert_path(), host);
    auto dialed = test.dial();
    ASSERT_TRUE(dialed) << dialed.error().fault.where;
    EXPECT_TRUE(dialed->stream.is_tls());
    EXPECT_EQ(host, test.server.address());
    EXPECT_EQ(next(test.loop, *dialed), "\x81\x05hello");

    test.target.url.host = "localhost";
    EXPECT_TRUE(test.dial());
    EXPECT_TRUE(host.starts_with("localhost:"));
}

TEST(DialTls, TrustsNobodyElse)
{
    const fakes::Certificate certificate("DNS:localhost,IP:127.0.0.1");
    const fakes::Certificate other("DNS:localhost,IP:127.0.0.1");
    std::string host;
    TlsDialing test(certificate, other.cert_path(), host);
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed);
    EXPECT_STREQ(dialed.error().fault.where, "tls handshake");
    EXPECT_EQ(words_of(dialed), "certificate verify failed: self-signed certificate");
    EXPECT_EQ(host, ""); // nothing was said to it
}

TEST(DialTls, TrustsNoOtherName)
{
    const fakes::Certificate by_name("DNS:localhost");
    std::string host;
    TlsDialing address(by_name, by_name.cert_path(), host);
    EXPECT_EQ(words_of(address.dial()), "certificate verify failed: IP address mismatch");
    address.target.url.host = "localhost";
    EXPECT_TRUE(address.dial());

    const fakes::Certificate another("DNS:another.test,IP:127.0.0.1");
    TlsDialing name(another, another.cert_path(), host);
    EXPECT_TRUE(name.dial());
    name.target.url.host = "localhost";
    EXPECT_EQ(words_of(name.dial()), "certificate verify failed: hostname mismatch");
}

TEST(DialTls, TrustsNoneThatHasExpired)
{
    const fakes::Certificate certificate("IP:127.0.0.1", -60);
    std::string host;
    TlsDialing test(certificate, certificate.cert_path(), host);
    EXPECT_EQ(words_of(test.dial()), "certificate verify failed: certificate has expired");
}

TEST(DialTls, FailsWithAServerThatSpeaksNone)
{
    Dialing plain([](Stream& stream) -> Task<> {
        std::array<char, 16> bytes;
        co_await stream.read_some(bytes, fakes::later());
        co_await stream.write_all("HTTP/1.1 400 Bad Request\r\n\r\n", fakes::later());
    });
    plain.target.url = *parse_url("wss://" + plain.server.address() + "/");
    const auto dialed = plain.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed);
    EXPECT_EQ(words_of(dialed), "wrong version number");
}

TEST(DialTls, GivesUpAtItsDeadline)
{
    Dialing silent([](Stream& stream) -> Task<> {
        std::array<char, 4096> bytes;
        co_await stream.read_some(bytes, fakes::later());
        co_await stream.read_some(bytes, fakes::later());
    });
    silent.target.url = *parse_url("wss://" + silent.server.address() + "/");
    const auto dialed = silent.dial(fakes::in(100ms));
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::upstream_timeout);
}

TEST(DialTls, GoesThroughAProxy)
{
    const fakes::Certificate certificate("DNS:upstream.test");
    const auto context = TlsContext::server(certificate.cert_path(), certificate.key_path());
    const auto tunnel = [context](Stream& stream) -> Task<> {
        const auto asked = co_await read_request(stream, {}, {}, fakes::later());
        if (!asked || asked->method != "CONNECT")
            co_return;
        co_await stream.write_all("HTTP/1.1 200 OK\r\n\r\n", fakes::later());
        co_await stream.start_tls(*context, {}, fakes::later());
        const auto request = co_await read_request(stream, {}, {}, fakes::later());
        const std::string bytes = switching(*request);
        co_await stream.write_all(bytes, fakes::later());
        std::array<char, 64> rest;
        co_await stream.read_some(rest, fakes::later());
    };
    Dialing test(tunnel, trusting(certificate.cert_path()));
    test.target.url = *parse_url("wss://upstream.test/v1/responses");
    test.target.proxy = parse_url("http://" + test.server.address());
    EXPECT_TRUE(test.dial());
}

// Bytes that OpenSSL holds already are not seen by poll: the reader must ask for them.
TEST(DialTls, LosesNothingThatIsBuffered)
{
    const fakes::Certificate certificate("IP:127.0.0.1");
    const auto context = TlsContext::server(certificate.cert_path(), certificate.key_path());
    const auto talker = [context](Stream& stream) -> Task<> {
        co_await stream.start_tls(*context, {}, fakes::later());
        const auto request = co_await read_request(stream, {}, {}, fakes::later());
        const std::string bytes = switching(*request) + std::string(16'000, 'x'); // one record
        co_await stream.write_all(bytes, fakes::later());
        std::array<char, 64> rest;
        co_await stream.read_some(rest, fakes::later());
    };
    Dialing test(talker, trusting(certificate.cert_path()));
    test.target.url = *parse_url("wss://" + test.server.address() + "/");
    auto dialed = test.dial();
    ASSERT_TRUE(dialed);
    EXPECT_TRUE(dialed->stream.has_buffered());
    std::size_t total = 0;
    while (total < 16'000)
        total += next(test.loop, *dialed).size();
    EXPECT_EQ(total, 16'000u);
    EXPECT_FALSE(dialed->stream.has_buffered());
}

TEST(TlsContext, NamesTheFileThatCannotBeUsed)
{
    const fakes::Certificate one("DNS:one"), two("DNS:two");
    try {
        TlsContext::server("/no/such/cert.pem", one.key_path());
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("/no/such/cert.pem"), std::string::npos);
    }
    EXPECT_THROW(TlsContext::server(one.cert_path(), "/no/such/key.pem"), std::runtime_error);
    EXPECT_THROW(TlsContext::server(one.cert_path(), two.key_path()), std::runtime_error);
}

} // namespace
} // namespace turngate::net::test
