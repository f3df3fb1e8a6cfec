#include "turngate/net/stream.hpp"

#include "fakes/raw_peer.hpp"
#include "fakes/run.hpp"
#include "turngate/net/task_group.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <array>

namespace turngate::net::test {
namespace {

using core::FaultCode;
using fakes::in;
using fakes::later;
using fakes::make_pair;
using fakes::run;
using fakes::settle;

TEST(Stream, TriesAndSaysWhatItWaitsFor)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    std::array<char, 16> bytes;
    EXPECT_EQ(stream.try_read(bytes).state, IoState::wants_read);
    peer.send("hello");
    const IoResult read = stream.try_read(bytes);
    EXPECT_EQ(read.state, IoState::done);
    EXPECT_EQ(std::string_view(bytes.data(), read.size), "hello");
    peer.vanish();
    const IoResult end = stream.try_read(bytes);
    EXPECT_EQ(end.state, IoState::failed);
    EXPECT_EQ(end.error, asio::error::eof);
}

TEST(Stream, WritesPiecesInTheirOrder)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    std::vector<std::string> texts;
    std::string all;
    for (int i = 0; i < 200; ++i) { // more than one system call takes
        texts.push_back("piece " + std::to_string(i) + ";");
        all += texts.back();
    }
    const std::vector<std::string_view> pieces(texts.begin(), texts.end());
    const IoResult written = stream.try_write(pieces);
    EXPECT_EQ(written.state, IoState::done);
    EXPECT_EQ(written.size, all.size());
    EXPECT_EQ(peer.received(), all);
}

TEST(Stream, TakesWhatTheSocketTakes)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    const std::string large(4 << 20, 'x');
    const IoResult written = stream.try_write(large);
    EXPECT_EQ(written.state, IoState::wants_write);
    EXPECT_GT(written.size, 0u);
    EXPECT_LT(written.size, large.size());
    EXPECT_EQ(peer.received().size(), written.size);
}

TEST(Stream, WritesAllToASlowReader)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    const std::string large(4 << 20, 'x');
    std::optional<core::Result<>> written;
    TaskGroup tasks(loop);
    tasks.spawn("writer", fakes::keep(stream.write_all(large, later()), written));
    settle(loop);
    EXPECT_FALSE(written);
    fakes::until(loop, [&] {
        peer.received();
        return tasks.running() == 0;
    });
    EXPECT_TRUE(*written);
    EXPECT_EQ(peer.received().size(), large.size());
}

TEST(Stream, GivesUpWritingAtItsDeadline)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    const std::string large(4 << 20, 'x');
    const auto written = run(loop, stream.write_all(large, in(std::chrono::milliseconds(50))));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, FaultCode::upstream_timeout);
    EXPECT_FALSE(stream.is_open());
}

TEST(Stream, SaysThatItsPeerIsGone)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    peer.vanish();
    const auto written = run(loop, stream.write_all("hello", later()));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, FaultCode::upstream_lost);
    EXPECT_EQ(written.error().cause, asio::error::broken_pipe);
}

TEST(Stream, StopsAtOnceWhenItIsTold)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    Stop stop;
    std::array<char, 16> bytes;
    std::optional<core::Result<std::size_t>> read;
    TaskGroup tasks(loop);
    tasks.spawn("reader", fakes::keep(stream.read_some(bytes, later(), &stop), read));
    settle(loop);
    stop.request({FaultCode::gateway_draining, {}, "test"});
    fakes::until(loop, [&] { return tasks.running() == 0; });
    ASSERT_FALSE(*read);
    EXPECT_EQ(read->error().code, FaultCode::gateway_draining);
    EXPECT_FALSE(stream.is_open());
}

TEST(Stream, DoesNotBeginToWaitWhenItWasToldBefore)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    Stop stop;
    stop.request({FaultCode::client_gone, {}, "test"});
    std::array<char, 16> bytes;
    const auto read = run(loop, stream.read_some(bytes, later(), &stop));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, FaultCode::client_gone);
}

TEST(Stream, ClosingEndsItsWaits)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    std::optional<error_code> waited;
    TaskGroup tasks(loop);
    tasks.spawn("waiter", fakes::keep(stream.wait(Stream::Ready::read), waited));
    settle(loop);
    stream.close();
    fakes::until(loop, [&] { return tasks.running() == 0; });
    EXPECT_EQ(waited, error_code(asio::error::operation_aborted));
    std::array<char, 16> bytes;
    EXPECT_EQ(stream.try_read(bytes).state, IoState::failed);
    EXPECT_EQ(stream.try_write("x").state, IoState::failed);
}

TEST(Stream, LingersUntilThePeerHasReadItsLastWords)
{
    Loop loop(0);
    auto [stream, peer] = make_pair(loop);
    run(loop, stream.write_all("last words", later()));
    peer.send("unread");
    TaskGroup tasks(loop);
    tasks.spawn("lingerer", stream.linger(later()));
    settle(loop);
    EXPECT_EQ(peer.received(), "last words");
    EXPECT_TRUE(peer.is_ended());
    EXPECT_EQ(tasks.running(), 1u);
    peer.vanish();
    fakes::until(loop, [&] { return tasks.running() == 0; });
}

TEST(Stream, MovesToAnotherLoop)
{
    Loop first(0), second(1);
    auto [stream, peer] = make_pair(first);
    Stream moved = adopt(second, stream.pack());
    EXPECT_FALSE(stream.is_open());
    peer.send("hello");
    std::array<char, 16> bytes;
    const auto read = run(second, moved.read_some(bytes, later()));
    ASSERT_TRUE(read);
    EXPECT_EQ(std::string_view(bytes.data(), *read), "hello");
}

} // namespace
} // namespace turngate::net::test
