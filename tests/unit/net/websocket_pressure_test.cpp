#include "websocket_under_test.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

using namespace std::chrono_literals;

using By = Closing::By;
using Texts = std::vector<std::string>;

// What the kernel takes by itself does not count.
void fill_kernel(UnderTest& test)
{
    const std::string block(16 * 1024, 'k');
    while (test.socket.queued() == 0)
        test.socket.send_text(block);
}

WebSocketOptions with_high_water(std::uint64_t bytes)
{
    WebSocketOptions options = quiet();
    options.high_water = bytes;
    return options;
}

TEST(BackPressure, KeepsNoPongsForAPeerThatDoesNotRead)
{
    UnderTest test(with_high_water(4'096));
    fill_kernel(test);
    test.socket.send_text(std::string(10'000, 'x'));
    ASSERT_TRUE(test.socket.is_congested());
    const auto before = test.socket.queued();
    for (int i = 0; i < 100; ++i)
        test.peer.send(Opcode::ping, "are you there?");
    test.until([&] { return test.socket.bytes_in() >= 100 * 20; });
    EXPECT_EQ(test.socket.queued(), before);
}

TEST(BackPressure, GrowsTheQueueAndSaysSo)
{
    UnderTest test(with_high_water(200'000));
    fill_kernel(test);
    EXPECT_FALSE(test.socket.is_congested());
    const std::string block(10'000, 'x');
    while (!test.socket.is_congested()) {
        const auto before = test.socket.queued();
        test.socket.send_text(block);
        EXPECT_GT(test.socket.queued(), before);
    }
    EXPECT_GT(test.socket.queued(), 200'000u);
    EXPECT_LT(test.socket.queued(), 220'000u);
    test.settle();
    EXPECT_EQ(test.sink.writable, 0);

    test.until([&] {
        test.peer.raw().received();
        return test.socket.queued() == 0;
    });
    EXPECT_FALSE(test.socket.is_congested());
    EXPECT_EQ(test.sink.writable, 1);
}

TEST(BackPressure, IsOverAtHalfTheMark)
{
    UnderTest test(with_high_water(2'000'000));
    test.socket.send_text(std::string(4'000'000, 'x'));
    EXPECT_TRUE(test.socket.is_congested());
    std::uint64_t queued_then = 0;
    test.until([&] {
        test.peer.raw().received();
        if (test.sink.writable == 1 && queued_then == 0)
            queued_then = test.socket.queued();
        return test.sink.writable == 1;
    });
    EXPECT_LE(queued_then, 1'000'000u);
    EXPECT_GT(queued_then, 0u);
}

TEST(BackPressure, ComesAndGoesMoreThanOnce)
{
    UnderTest test(with_high_water(100'000));
    for (int round = 1; round <= 3; ++round) {
        test.socket.send_text(std::string(1'000'000, 'x'));
        EXPECT_TRUE(test.socket.is_congested());
        test.until([&] {
            test.peer.raw().received();
            return test.socket.queued() == 0;
        });
        EXPECT_EQ(test.sink.writable, round);
    }
}

TEST(BackPressure, IsNotToldOfAQueueThatStayedSmall)
{
    UnderTest test(with_high_water(1'000'000));
    fill_kernel(test);
    test.until([&] {
        test.peer.raw().received();
        return test.socket.queued() == 0;
    });
    EXPECT_EQ(test.sink.writable, 0);
}

TEST(BackPressure, KeepsTheOrderOfAllItsWaysOut)
{
    UnderTest test(with_high_water(50'000));
    Texts expected;
    std::vector<std::string> frames;
    for (int i = 0; i < 400; ++i) {
        const std::string text = std::to_string(i) + std::string(5'000 + i * 7 % 997, 'x');
        expected.push_back(text);
        if (i % 3 == 0) {
            test.socket.send_text(text);
        } else {
            const FrameHeader header = make_header(Role::server, Opcode::text, text.size());
            frames.push_back(std::string(header.view()) + text);
            test.socket.forward(frames.back());
            if (i % 3 == 2)
                test.socket.flush();
        }
        if (i % 50 == 49) { // sometimes it drains a little
            test.peer.messages();
            test.settle();
        }
    }
    test.socket.flush();
    test.until([&] { return test.peer.texts().size() == expected.size(); });
    EXPECT_TRUE(test.peer.texts() == expected);
    EXPECT_EQ(test.socket.bytes_out(), test.peer.raw().received().size());
}

TEST(BackPressure, DoesNotStopTheReading)
{
    UnderTest test(with_high_water(50'000));
    test.socket.send_text(std::string(1'000'000, 'x'));
    EXPECT_TRUE(test.socket.is_congested());
    test.peer.send("stop that");
    test.settle();
    EXPECT_EQ(test.sink.texts, Texts{"stop that"});
}

TEST(BackPressure, EndsAConnectionThatIsStuck)
{
    WebSocketOptions options = quiet();
    options.write_timeout = 200ms;
    UnderTest test(options);
    fill_kernel(test);
    const Closing& closing = test.until_closed();
    EXPECT_EQ(closing.by, By::silent);
    EXPECT_EQ(closing.code, 1006);
    EXPECT_EQ(closing.error, asio::error::timed_out);
}

TEST(BackPressure, IsPatientWithAConnectionThatIsOnlySlow)
{
    WebSocketOptions options = quiet();
    options.write_timeout = 1s;
    UnderTest test(options);
    test.socket.send_text(std::string(20'000'000, 'x'));
    const auto begin = core::Clock::now();
    auto last_read = begin;
    test.until([&] { // a read now and then
        if (core::Clock::now() - last_read > 100ms) {
            last_read = core::Clock::now();
            test.peer.raw().received();
        }
        return test.has_ended() || core::Clock::now() - begin > 1500ms;
    });
    EXPECT_FALSE(test.has_ended());
    EXPECT_GT(test.socket.queued(), 0u);
}

TEST(Pings, AreSentWhenItIsTime)
{
    WebSocketOptions options = quiet();
    options.ping_interval = 100ms;
    UnderTest test(options);
    test.until([&] { return !test.peer.messages().empty(); });
    EXPECT_EQ(test.peer.messages()[0].opcode, Opcode::ping);
    test.peer.send(Opcode::pong, "");
    test.until([&] { return test.peer.messages().size() == 2; });
    EXPECT_FALSE(test.has_ended());
}

TEST(Pings, FindTheSilentDead)
{
    WebSocketOptions options = quiet();
    options.ping_interval = 100ms;
    options.pong_timeout = 200ms;
    UnderTest test(options);
    const Closing& closing = test.until_closed();
    EXPECT_EQ(closing.by, By::silent);
    EXPECT_EQ(closing.code, 1006);
    EXPECT_EQ(test.peer.messages().size(), 1u); // one question is enough
}

TEST(Pings, TakeAnythingForAnAnswer)
{
    WebSocketOptions options = quiet();
    options.ping_interval = 100ms;
    options.pong_timeout = 250ms;
    UnderTest test(options);
    std::size_t answered = 0;
    test.until([&] {
        if (test.peer.messages().size() > answered) {
            ++answered;
            test.peer.send("busy");
        }
        return test.has_ended() || answered == 5;
    });
    EXPECT_FALSE(test.has_ended());
    EXPECT_GT(test.socket.last_heard(), core::Clock::now() - 5s);
}

TEST(Pings, DoNotCountAgainstAPeerThatIsNotRead)
{
    WebSocketOptions options = quiet();
    options.ping_interval = 100ms;
    options.pong_timeout = 150ms;
    UnderTest test(options);
    test.until([&] { return test.peer.messages().size() == 1; });
    test.socket.pause();
    test.peer.send(Opcode::pong, "");
    const auto begin = core::Clock::now();
    test.until([&] { return test.has_ended() || core::Clock::now() - begin > 500ms; });
    ASSERT_FALSE(test.has_ended());
    test.socket.resume();
    test.peer.send("alive");
    test.until([&] { return test.sink.texts == Texts{"alive"}; });
    EXPECT_TRUE(test.socket.is_open());
}

} // namespace
} // namespace turngate::net::test
