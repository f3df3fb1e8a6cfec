#include "websocket_under_test.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

using By = Closing::By;
using Texts = std::vector<std::string>;

std::chrono::milliseconds since(core::Deadline begin)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(core::Clock::now() - begin);
}

TEST(WebSocketClosing, EchoesThePeersClose)
{
    UnderTest test;
    test.peer.send("last");
    test.peer.close(1001, "moving on");
    const Closing& closing = test.until_closed();
    EXPECT_EQ(closing.by, By::peer);
    EXPECT_EQ(closing.code, 1001);
    EXPECT_EQ(closing.reason, "moving on");
    EXPECT_EQ(test.sink.texts, Texts{"last"});
    EXPECT_EQ(test.peer.close_code(), 1001);
    EXPECT_TRUE(test.peer.raw().is_ended());
    EXPECT_FALSE(test.socket.is_open());
}

TEST(WebSocketClosing, AnswersACloseWithoutACode)
{
    UnderTest test;
    test.peer.send(Opcode::close, "");
    const Closing& closing = test.until_closed();
    EXPECT_EQ(closing.by, By::peer);
    EXPECT_EQ(closing.code, 1005);
    EXPECT_EQ(test.peer.close_code(), 1000);
}

TEST(WebSocketClosing, IgnoresWhatFollowsThePeersClose)
{
    UnderTest test;
    test.peer.raw().send(test.peer.frame(Opcode::close, close_payload(1000, {})) +
                         test.peer.frame(Opcode::text, "too late"));
    EXPECT_EQ(test.until_closed().by, By::peer);
    EXPECT_TRUE(test.sink.texts.empty());
}

TEST(WebSocketClosing, WaitsForThePeersAnswer)
{
    UnderTest test;
    test.socket.close(1012, "restart");
    EXPECT_FALSE(test.socket.is_open());
    EXPECT_EQ(test.peer.close_code(), 1012);
    test.settle();
    EXPECT_FALSE(test.has_ended());
    test.peer.close(1012);
    const Closing& closing = test.until_closed();
    EXPECT_EQ(closing.by, By::us);
    EXPECT_EQ(closing.code, 1012);
    EXPECT_EQ(closing.reason, "restart");
}

TEST(WebSocketClosing, WaitsASecondAndNoLonger)
{
    UnderTest test;
    const auto begin = core::Clock::now();
    test.socket.close(1000, {});
    EXPECT_EQ(test.until_closed().by, By::us);
    EXPECT_GE(since(begin).count(), 900);
    EXPECT_LT(since(begin).count(), 5000);
    EXPECT_TRUE(test.peer.raw().is_ended());
}

TEST(WebSocketClosing, DropsWhatThePeerStillSays)
{
    UnderTest test;
    test.socket.close(1000, {});
    test.peer.send("not heard");
    test.peer.send(Opcode::ping, "not answered");
    test.peer.close(1000);
    test.until_closed();
    EXPECT_TRUE(test.sink.texts.empty());
    EXPECT_EQ(test.peer.messages().size(), 1u); // the close frame
}

TEST(WebSocketClosing, SaysNothingAfterItsClose)
{
    UnderTest test;
    test.socket.close(1000, {});
    test.socket.close(1011, "again");
    test.socket.send_text("more");
    test.socket.forward("\x81\x01x");
    test.socket.flush();
    test.socket.ping();
    test.peer.close(1000);
    EXPECT_EQ(test.until_closed().code, 1000);
    EXPECT_EQ(test.peer.messages().size(), 1u);
}

TEST(WebSocketClosing, SendsAllOutputFirst)
{
    UnderTest test;
    const std::string large(1 << 20, 'x');
    test.socket.send_text(large);
    EXPECT_GT(test.socket.queued(), 0u);
    test.socket.close(1000, {});
    test.until([&] { return test.peer.close_code() != 0; });
    EXPECT_EQ(test.peer.texts().size(), 1u);
    EXPECT_EQ(test.peer.texts()[0].size(), large.size());
}

TEST(WebSocketClosing, MayComeFromTheSink)
{
    UnderTest test;
    test.sink.then = [&](std::span<const Frame>) { test.socket.close(1008, "enough"); };
    test.peer.raw().send(test.peer.frame(Opcode::text, "one") + test.peer.frame(Opcode::ping, "") +
                         test.peer.frame(Opcode::text, "two"));
    test.settle();
    EXPECT_EQ(test.sink.texts, Texts{"one"});
    test.peer.close(1008);
    EXPECT_EQ(test.until_closed().by, By::us);
}

TEST(WebSocketClosing, AbortsWithoutAWord)
{
    UnderTest test;
    test.socket.abort();
    const Closing& closing = test.until_closed();
    EXPECT_EQ(closing.by, By::us);
    EXPECT_EQ(closing.code, 1006);
    EXPECT_EQ(test.peer.raw().received(), "");
    EXPECT_TRUE(test.peer.raw().is_ended());
}

TEST(WebSocketClosing, AbortsFromTheSinkAndWhilePaused)
{
    UnderTest sinking;
    sinking.sink.then = [&](std::span<const Frame>) { sinking.socket.abort(); };
    sinking.peer.raw().send(sinking.peer.frame(Opcode::text, "one") +
                            sinking.peer.frame(Opcode::ping, ""));
    EXPECT_EQ(sinking.until_closed().by, By::us);

    UnderTest paused;
    paused.socket.pause();
    paused.peer.send("unread");
    paused.settle();
    paused.socket.abort();
    EXPECT_EQ(paused.until_closed().by, By::us);
}

TEST(WebSocketClosing, ReadsOnToTheAnswerThoughItWasPaused)
{
    UnderTest test;
    test.socket.pause();
    test.settle();
    test.socket.close(1001, {});
    test.peer.close(1001);
    EXPECT_EQ(test.until_closed().code, 1001);
}

TEST(WebSocketClosing, SaysWhenThePeerVanished)
{
    UnderTest test;
    test.peer.send("last");
    test.peer.raw().vanish();
    const Closing& closing = test.until_closed();
    EXPECT_EQ(closing.by, By::lost);
    EXPECT_EQ(closing.code, 1006);
    EXPECT_EQ(closing.error, asio::error::eof);
    EXPECT_EQ(test.sink.texts, Texts{"last"});
}

TEST(WebSocketClosing, SeesThePeerVanishWhileItWrites)
{
    UnderTest test;
    test.socket.send_text(std::string(4 << 20, 'x'));
    test.settle();
    EXPECT_GT(test.socket.queued(), 0u);
    test.peer.raw().vanish();
    const Closing& closing = test.until_closed();
    EXPECT_EQ(closing.by, By::lost);
}

TEST(WebSocketClosing, SeesThePeerVanishWhileItIsPausedAndWrites)
{
    UnderTest test;
    test.socket.pause();
    test.socket.send_text(std::string(4 << 20, 'x'));
    test.settle();
    test.peer.raw().vanish();
    EXPECT_EQ(test.until_closed().by, By::lost);
}

TEST(WebSocketClosing, TellsAViolatorWhatItBroke)
{
    struct Case
    {
        std::string bytes;
        std::uint16_t code;
    };
    WebSocketOptions options = quiet();
    options.limits.max_message = 1000;
    UnderTest example(options);
    const Case cases[] = {
        {std::string("\x81\x02hi"), 1002},                                  // not masked
        {example.peer.frame(static_cast<Opcode>(3), "x"), 1002},            // no such opcode
        {example.peer.frame(Opcode::text, std::string(1001, 'x')), 1009},   // too large
        {example.peer.frame(Opcode::continuation, "x"), 1002},              // of nothing
        {example.peer.frame(Opcode::close, std::string("\x03")), 1002},     // half a code
        {example.peer.frame(Opcode::close, std::string("\x03\xee")), 1002}, // 1006 is never sent
        {example.peer.frame(Opcode::close, std::string("\x03\xe8\xff")), 1007}, // reason no UTF-8
    };
    for (const Case& c : cases) {
        UnderTest test(options);
        test.sink.last_words = [&] { test.socket.send_text("last words"); };
        test.peer.raw().send(test.peer.frame(Opcode::text, "before") + c.bytes);
        test.settle();
        EXPECT_EQ(test.sink.texts, Texts{"before"}) << c.code;
        EXPECT_EQ(test.sink.violations, std::vector<std::uint16_t>{c.code});
        EXPECT_EQ(test.peer.texts(), Texts{"last words"});
        EXPECT_EQ(test.peer.close_code(), c.code);

        test.peer.raw().send("nobody reads this any more");
        test.settle();
        EXPECT_FALSE(test.has_ended()); // so that the last words are not lost to a reset
        test.peer.raw().vanish();
        const Closing& closing = test.until_closed();
        EXPECT_EQ(closing.by, By::violation);
        EXPECT_EQ(closing.code, c.code);
        EXPECT_EQ(test.sink.violations.size(), 1u);
    }
}

TEST(WebSocketClosing, WaitsASecondForAViolatorToGo)
{
    UnderTest test;
    const auto begin = core::Clock::now();
    test.peer.raw().send("\x81\x02hi");
    EXPECT_EQ(test.until_closed().by, By::violation);
    EXPECT_GE(since(begin).count(), 900);
    EXPECT_LT(since(begin).count(), 5000);
}

} // namespace
} // namespace turngate::net::test
