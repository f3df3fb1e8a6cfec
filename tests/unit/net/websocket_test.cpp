#include "websocket_under_test.hpp"

#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

using Texts = std::vector<std::string>;
using Message = fakes::WebSocketPeer::Message;

TEST(WebSocket, DeliversMessagesOfOneReadTogether)
{
    UnderTest test;
    test.peer.raw().send(test.peer.frame(Opcode::text, "one") +
                         test.peer.frame(Opcode::text, "two") +
                         test.peer.frame(Opcode::binary, "three"));
    test.settle();
    EXPECT_EQ(test.sink.texts, (Texts{"one", "two", "three"}));
    EXPECT_EQ(test.sink.reads, 1);
}

TEST(WebSocket, DeliversWhatCameWithTheHandshake)
{
    Loop unused(1);
    auto frames = fakes::WebSocketPeer(fakes::make_pair(unused).peer, Role::client)
                      .frame(Opcode::text, "early");
    UnderTest test(quiet(), std::move(frames));
    EXPECT_EQ(test.sink.texts, Texts{"early"});
    test.peer.send("later");
    test.settle();
    EXPECT_EQ(test.sink.texts, (Texts{"early", "later"}));
}

TEST(WebSocket, DeliversAMessageThatComesByteByByte)
{
    UnderTest test;
    for (const char byte : test.peer.frame(Opcode::text, "hello")) {
        EXPECT_TRUE(test.sink.texts.empty());
        test.peer.raw().send({&byte, 1});
        test.settle();
    }
    EXPECT_EQ(test.sink.texts, Texts{"hello"});
}

TEST(WebSocket, ForwardsTextsInTheirOrderWhenItIsFlushed)
{
    UnderTest test;
    const std::string large(100'000, 'x');
    const std::string frame = std::string("\x81\x06") + "framed";
    Texts sent;
    for (int i = 0; i < 200; ++i) { // more than fits one copy
        sent.push_back("text " + std::to_string(i) + std::string(i * 7, 'y'));
        test.socket.forward_text(sent.back());
    }
    sent.push_back(large);
    test.socket.forward_text(sent.back());
    sent.push_back("framed");
    test.socket.forward(frame);
    sent.push_back("");
    test.socket.forward_text(sent.back());
    EXPECT_EQ(test.peer.raw().received(), "");
    test.socket.flush();
    test.until([&] { return test.peer.texts().size() == sent.size(); });
    EXPECT_EQ(test.peer.texts(), sent);

    UnderTest client(quiet(Role::client));
    client.socket.forward_text("masked");
    client.socket.flush();
    EXPECT_EQ(client.peer.texts(), Texts{"masked"});
}

TEST(WebSocket, AnswersAPingWithItsPayload)
{
    UnderTest test;
    test.peer.send(Opcode::ping, "are you there?");
    test.settle();
    EXPECT_EQ(test.peer.messages(), (std::vector<Message>{{Opcode::pong, "are you there?"}}));
    EXPECT_EQ(test.sink.reads, 0);
    EXPECT_TRUE(test.socket.is_open());
}

TEST(WebSocket, AnswersAPingBetweenTwoMessagesInItsPlace)
{
    UnderTest test;
    test.sink.then = [&](std::span<const Frame> messages) {
        for (const Frame& frame : messages)
            test.socket.send_text(frame.payload);
    };
    test.peer.raw().send(test.peer.frame(Opcode::text, "a") + test.peer.frame(Opcode::ping, "p") +
                         test.peer.frame(Opcode::text, "b"));
    test.settle();
    EXPECT_EQ(
        test.peer.messages(),
        (std::vector<Message>{{Opcode::text, "a"}, {Opcode::pong, "p"}, {Opcode::text, "b"}}));
}

TEST(WebSocket, MasksOnTheClientSideOnly)
{
    UnderTest server;
    server.socket.send_text("plain");
    EXPECT_EQ(server.peer.raw().received(), "\x81\x05plain");

    UnderTest client(quiet(Role::client));
    client.socket.send_text("masked");
    EXPECT_EQ(client.peer.raw().received().substr(0, 2), "\x81\x86");
    EXPECT_EQ(client.peer.texts(), Texts{"masked"});
}

TEST(WebSocket, SendsAMessageOfPieces)
{
    for (const Role role : {Role::server, Role::client}) {
        UnderTest test(quiet(role));
        const std::string_view pieces[] = {"{\"a\":", "", "\"x\"", "}"};
        test.socket.send_text(pieces);
        EXPECT_EQ(test.peer.texts(), Texts{R"({"a":"x"})"});
    }
}

TEST(WebSocket, KeepsTheOrderOfAllItsWaysOut)
{
    UnderTest test;
    const std::string first = "\x81\x03one", fourth = "\x81\x04"
                                                      "four";
    test.socket.forward(first);
    test.socket.send_text("two");
    test.socket.ping();
    test.socket.send_text("three");
    test.socket.forward(fourth);
    test.socket.flush();
    EXPECT_EQ(test.peer.messages(),
              (std::vector<Message>{{Opcode::text, "one"},
                                    {Opcode::text, "two"},
                                    {Opcode::ping, ""},
                                    {Opcode::text, "three"},
                                    {Opcode::text, "four"}}));
}

TEST(WebSocket, ForwardsNothingBeforeTheFlush)
{
    UnderTest test;
    const std::string frame = "\x81\x03one";
    test.socket.forward(frame);
    EXPECT_EQ(test.peer.raw().received(), "");
    test.socket.flush();
    EXPECT_EQ(test.peer.raw().received(), frame);
    EXPECT_EQ(test.socket.bytes_out(), frame.size());
    test.socket.flush();
    EXPECT_EQ(test.peer.raw().received(), frame);
}

TEST(WebSocket, ForwardsNeighboursAndStrangersAlike)
{
    UnderTest test;
    const std::string both = "\x81\x03one\x81\x03two", other = "\x81\x05three";
    test.socket.forward(std::string_view(both).substr(0, 5));
    test.socket.forward(std::string_view(both).substr(5));
    test.socket.forward(other);
    test.socket.flush();
    EXPECT_EQ(test.peer.raw().received(), both + other);
}

TEST(WebSocket, ReceivesALargeMessageWhole)
{
    UnderTest test;
    std::string large(3 << 20, '\0');
    for (std::size_t i = 0; i < large.size(); ++i)
        large[i] = static_cast<char>('a' + i % 23);
    const std::string bytes =
        test.peer.frame(Opcode::text, large) + test.peer.frame(Opcode::text, "and a small one");
    std::size_t sent = 0;
    test.until([&] {
        sent += test.peer.raw().send(std::string_view(bytes).substr(sent));
        return test.sink.texts.size() == 2;
    });
    EXPECT_TRUE(test.sink.texts[0] == large);
    EXPECT_EQ(test.sink.texts[1], "and a small one");
    EXPECT_EQ(test.socket.bytes_in(), bytes.size());
}

TEST(WebSocket, CompressesLargeMessagesIfThatWasAgreed)
{
    WebSocketOptions options = quiet();
    options.deflate = true;
    UnderTest test(options);
    test.peer.parser().enable_inflate();
    const std::string large(10'000, 'x');
    test.socket.send_text("small");
    EXPECT_EQ(test.peer.raw().received(), "\x81\x05small");
    test.socket.send_text(large);
    EXPECT_LT(test.peer.raw().received().size(), 1000u);
    EXPECT_EQ(test.peer.texts(), (Texts{"small", large}));
}

TEST(WebSocket, PausesAndGoesOnWhereItWas)
{
    UnderTest test;
    test.peer.send("before");
    test.settle();
    test.socket.pause();
    EXPECT_TRUE(test.socket.is_paused());
    test.peer.send("during");
    test.settle();
    EXPECT_EQ(test.sink.texts, Texts{"before"});
    test.socket.resume();
    test.settle();
    EXPECT_EQ(test.sink.texts, (Texts{"before", "during"}));
    test.peer.send("after");
    test.settle();
    EXPECT_EQ(test.sink.texts, (Texts{"before", "during", "after"}));
}

TEST(WebSocket, StaysPausedWhenItIsResumedAndPausedAtOnce)
{
    UnderTest test;
    test.socket.pause();
    test.peer.send("held");
    test.settle();
    test.socket.resume();
    test.socket.pause();
    test.settle();
    EXPECT_TRUE(test.sink.texts.empty());
    test.socket.resume();
    test.settle();
    EXPECT_EQ(test.sink.texts, Texts{"held"});
}

TEST(WebSocket, MayBePausedByItsOwnSink)
{
    UnderTest test;
    test.sink.then = [&](std::span<const Frame>) { test.socket.pause(); };
    test.peer.send("one");
    test.settle();
    test.peer.send("two");
    test.settle();
    EXPECT_EQ(test.sink.texts, Texts{"one"});
    test.socket.resume();
    test.settle();
    EXPECT_EQ(test.sink.texts, (Texts{"one", "two"}));
}

} // namespace
} // namespace turngate::net::test
