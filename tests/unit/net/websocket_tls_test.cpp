#include "websocket_under_test.hpp"

#include "fakes/certificate.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace turngate::net::test {
namespace {

using Texts = std::vector<std::string>;

// One end of a TLS connection that speaks WebSocket.
struct End
{
    End(Loop& loop, Stream stream, Role role) : socket(loop, std::move(stream), options(role)) {}

    static WebSocketOptions options(Role role)
    {
        WebSocketOptions options = quiet(role);
        options.high_water = 100'000;
        return options;
    }

    Recorder sink;
    WebSocket socket;
    std::optional<Closing> closing;
};

// Both ends on one loop.
class OverTls : public testing::Test
{
protected:
    OverTls()
    {
        std::signal(SIGPIPE, SIG_IGN); // as main does; OpenSSL writes without MSG_NOSIGNAL
        const fakes::Certificate certificate("DNS:localhost");
        const auto server_tls = TlsContext::server(certificate.cert_path(), certificate.key_path());
        ::setenv("SSL_CERT_FILE", certificate.cert_path().c_str(), 1);
        const auto client_tls = TlsContext::client();
        ::unsetenv("SSL_CERT_FILE");

        int fds[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        Stream ours = adopt(loop, Stream::Parcel(fds[0])),
               theirs = adopt(loop, Stream::Parcel(fds[1]));
        std::optional<core::Result<>> accepted, connected;
        const std::string nobody, localhost = "localhost";
        tasks.spawn("server",
                    fakes::keep(ours.start_tls(*server_tls, nobody, fakes::later()), accepted));
        tasks.spawn(
            "client",
            fakes::keep(theirs.start_tls(*client_tls, localhost, fakes::later()), connected));
        fakes::until(loop, [&] { return accepted && connected; });
        EXPECT_TRUE(*accepted && *connected);
        server.emplace(loop, std::move(ours), Role::server);
        client.emplace(loop, std::move(theirs), Role::client);
    }
    ~OverTls() override
    {
        server->socket.abort();
        client->socket.abort();
        if (!is_run)
            run();
        fakes::until(loop, [&] { return tasks.running() == 0; });
    }

    void run(std::string leftover = {})
    {
        is_run = true;
        tasks.spawn(
            "server",
            fakes::keep(server->socket.run(server->sink, std::move(leftover)), server->closing));
        tasks.spawn("client", fakes::keep(client->socket.run(client->sink, {}), client->closing));
        fakes::settle(loop);
    }
    void until(const std::function<bool()>& is_so) { fakes::until(loop, is_so); }

    Loop loop{0};
    TaskGroup tasks{loop};
    std::optional<End> server, client;
    bool is_run = false;
};

Texts many(int count, std::size_t size)
{
    Texts texts;
    for (int i = 0; i < count; ++i)
        texts.push_back(std::to_string(i) +
                        std::string(size + static_cast<std::size_t>(i * 37 % 1000), 'x'));
    return texts;
}

TEST_F(OverTls, CarriesMessagesBothWays)
{
    run();
    client->socket.send_text("ping");
    until([&] { return server->sink.texts == Texts{"ping"}; });
    server->socket.send_text("pong");
    until([&] { return client->sink.texts == Texts{"pong"}; });
}

TEST_F(OverTls, ReadsWhatCameBeforeItWasWatched)
{
    client->socket.send_text("early");
    run();
    until([&] { return server->sink.texts == Texts{"early"}; });
}

TEST_F(OverTls, ReadsAllMessagesOfManyRecords)
{
    run();
    const Texts texts = many(300, 5'000); // far more than a read buffer
    client->socket.pause();
    for (const std::string& text : texts)
        server->socket.send_text(text);
    fakes::settle(loop);
    client->socket.resume();
    until([&] { return client->sink.texts.size() == texts.size(); });
    EXPECT_TRUE(client->sink.texts == texts);
    EXPECT_EQ(server->socket.queued(), 0u);
}

TEST_F(OverTls, FillsAndDrainsBothWaysAtOnce)
{
    run();
    const Texts down = many(200, 20'000), up = many(200, 20'000);
    for (std::size_t i = 0; i < down.size(); ++i) {
        server->socket.send_text(down[i]);
        client->socket.send_text(up[i]);
    }
    EXPECT_TRUE(server->socket.is_congested());
    EXPECT_TRUE(client->socket.is_congested());
    until([&] {
        return client->sink.texts.size() == down.size() && server->sink.texts.size() == up.size();
    });
    EXPECT_TRUE(client->sink.texts == down);
    EXPECT_TRUE(server->sink.texts == up);
    EXPECT_EQ(server->sink.writable, 1);
    EXPECT_EQ(client->sink.writable, 1);
}

TEST_F(OverTls, KeepsWhatIsBufferedWhileItIsPaused)
{
    run();
    client->sink.then = [&](std::span<const Frame>) { client->socket.pause(); };
    const std::string large(40'000, 'x');
    for (const std::string& text : {large, std::string("two"), std::string("three")})
        server->socket.send_text(text);
    until([&] { return !client->sink.texts.empty(); });
    for (int i = 0; i < 3; ++i) {
        fakes::settle(loop);
        client->socket.resume();
    }
    until([&] { return client->sink.texts.size() == 3; });
    EXPECT_TRUE(client->sink.texts == (Texts{large, "two", "three"}));
}

TEST_F(OverTls, ForwardsPiecesInTheirOrder)
{
    run();
    Texts texts = many(50, 30'000), frames;
    for (const std::string& text : texts)
        frames.push_back(std::string(make_header(Role::server, Opcode::text, text.size()).view()) +
                         text);
    for (const std::string& frame : frames)
        server->socket.forward(frame);
    server->socket.flush();
    until([&] { return client->sink.texts.size() == texts.size(); });
    EXPECT_TRUE(client->sink.texts == texts);
}

TEST_F(OverTls, ClosesByHandshake)
{
    run();
    server->socket.close(1012, "restart");
    until([&] { return tasks.running() == 0; });
    EXPECT_EQ(server->closing->by, Closing::By::us);
    EXPECT_EQ(client->closing->by, Closing::By::peer);
    EXPECT_EQ(client->closing->code, 1012);
}

TEST_F(OverTls, SeesThePeerVanish)
{
    run();
    client->socket.abort();
    until([&] { return tasks.running() == 0; });
    EXPECT_EQ(server->closing->by, Closing::By::lost);
}

} // namespace
} // namespace turngate::net::test
