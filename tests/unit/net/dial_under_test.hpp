#pragma once

#include "fakes/run.hpp"
#include "fakes/test_server.hpp"

#include "turngate/net/dial.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <string>

namespace turngate::net::test {

using DialResult = boost::system::result<Dialed, DialFault>;

// What a well-behaved server says to an upgrade request.
inline std::string switching(const HttpRequest& request, const std::string& more = {})
{
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
           "Upgrade\r\nSec-WebSocket-Accept: " +
           websocket_accept(request.headers.get("sec-websocket-key")) + "\r\n" + more + "\r\n";
}

// A server that answers each request with what `answer` makes of it, then waits for the end.
inline fakes::TestServer::Story answering(std::function<std::string(const HttpRequest&)> answer)
{
    return [answer = std::move(answer)](Stream& stream) -> Task<> {
        const auto request = co_await read_request(stream, {}, {}, fakes::later());
        if (!request)
            co_return;
        const std::string bytes = answer(*request);
        co_await stream.write_all(bytes, fakes::later());
        std::array<char, 64> rest;
        co_await stream.read_some(rest, fakes::later());
    };
}

// Dials one server of the test's own, on the same loop.
class Dialing
{
public:
    explicit Dialing(fakes::TestServer::Story story,
                     std::shared_ptr<const TlsContext> tls = TlsContext::client())
        : server(loop, std::move(story)), dialer(make_dialer(std::move(tls)))
    {
        std::signal(SIGPIPE, SIG_IGN); // as main does; OpenSSL writes without MSG_NOSIGNAL
        target.url = *parse_url("ws://" + server.address() + "/v1/responses");
    }
    ~Dialing() { fakes::run(loop, server.finish()); }

    DialResult dial(core::Deadline deadline = fakes::later())
    {
        return fakes::run(loop, dialer->dial(loop, target, deadline, stop));
    }

    Loop loop{0};
    fakes::TestServer server;
    std::unique_ptr<Dialer> dialer;
    DialTarget target;
    Stop stop;
};

// A listener whose backlog is full accepts nobody: connects to it hang.
class FullListener
{
public:
    explicit FullListener(const std::string& address = "127.0.0.1", int port = 0)
        : fd_(::socket(AF_INET, SOCK_STREAM, 0))
    {
        address_.sin_family = AF_INET;
        address_.sin_port = htons(static_cast<std::uint16_t>(port));
        ::inet_pton(AF_INET, address.c_str(), &address_.sin_addr);
        socklen_t size = sizeof address_;
        EXPECT_EQ(::bind(fd_, generic(), size), 0);
        EXPECT_EQ(::listen(fd_, 0), 0);
        EXPECT_EQ(::getsockname(fd_, generic(), &size), 0);
        for (int& filler : fillers_) {
            filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            ::connect(filler, generic(), size);
        }
    }
    ~FullListener()
    {
        for (const int filler : fillers_)
            ::close(filler);
        ::close(fd_);
    }
    std::uint16_t port() const { return ntohs(address_.sin_port); }

private:
    sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

    int fd_;
    sockaddr_in address_{};
    std::array<int, 4> fillers_;
};

// The next bytes that a dialed stream brings, its leftover first.
inline std::string next(Loop& loop, Dialed& dialed)
{
    if (!dialed.leftover.empty())
        return std::exchange(dialed.leftover, {});
    std::array<char, 256> bytes;
    const auto read = fakes::run(loop, dialed.stream.read_some(bytes, fakes::later()));
    return read ? std::string(bytes.data(), *read) : std::string();
}

} // namespace turngate::net::test
