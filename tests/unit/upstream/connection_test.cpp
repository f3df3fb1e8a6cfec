#include "turngate/upstream/connection.hpp"

#include "fakes/account.hpp"
#include "fakes/run.hpp"
#include "fakes/websocket_peer.hpp"
#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

namespace turngate::upstream {
namespace {

using namespace std::chrono_literals;

using By = net::Closing::By;
using Texts = std::vector<std::string>;

struct RecordingTurn final : FrameSink
{
    void on_frames(std::span<const net::Frame> frames) override
    {
        for (const net::Frame& frame : frames)
            texts.emplace_back(frame.payload);
    }
    void on_lost(const net::Closing& closing) override { lost.push_back(closing); }

    Texts texts;
    std::vector<net::Closing> lost;
};

class ConnectionTest : public testing::Test
{
protected:
    ConnectionTest() : ConnectionTest(std::chrono::milliseconds(0)) {}
    explicit ConnectionTest(std::chrono::milliseconds ping_interval)
    {
        net::WebSocketOptions options;
        options.role = net::Role::client;
        options.ping_interval = ping_interval;
        connection.emplace(loop,
                           fakes::make_account(fakes::account_config("main")),
                           std::move(pair_.stream),
                           options,
                           PongTimeouts{200ms, 10s});
        tasks_.spawn("reader", fakes::keep(connection->run({}), closing));
        settle();
    }
    ~ConnectionTest() override
    {
        connection->abort();
        until_over();
    }

    void settle() { fakes::settle(loop); }
    void until_over()
    {
        fakes::until(loop, [&] { return tasks_.running() == 0; });
    }

    net::Loop loop{0};

private:
    net::TaskGroup tasks_{loop};
    fakes::Pair pair_ = fakes::make_pair(loop);

protected:
    fakes::WebSocketPeer upstream{std::move(pair_.peer), net::Role::server};
    std::optional<Connection> connection;
    std::optional<net::Closing> closing;
    RecordingTurn turn;
};

TEST_F(ConnectionTest, GivesWhatComesToTheAttachedTurnAlone)
{
    upstream.send("between turns");
    settle();
    EXPECT_TRUE(connection->is_usable());
    connection->attach(turn);
    EXPECT_TRUE(connection->is_attached());
    upstream.send("first");
    settle();
    upstream.send("second");
    settle();
    connection->detach();
    upstream.send("after it");
    settle();
    EXPECT_EQ(turn.texts, (Texts{"first", "second"}));
    EXPECT_TRUE(connection->is_usable());
}

TEST_F(ConnectionTest, SendsMaskedText)
{
    connection->send(R"({"type":"response.create"})");
    EXPECT_EQ(upstream.texts(), Texts{R"({"type":"response.create"})"});
}

TEST_F(ConnectionTest, TellsTheTurnOnceThatItIsLost)
{
    connection->attach(turn);
    upstream.send("last");
    upstream.close(1012, "restart");
    until_over();
    EXPECT_EQ(turn.texts, Texts{"last"});
    ASSERT_EQ(turn.lost.size(), 1u);
    EXPECT_EQ(turn.lost[0].by, By::peer);
    EXPECT_EQ(turn.lost[0].code, 1012);
    EXPECT_FALSE(connection->is_usable());
    EXPECT_FALSE(connection->is_attached());
}

TEST_F(ConnectionTest, TellsNobodyWhoIsNotAttached)
{
    connection->attach(turn);
    connection->detach();
    upstream.raw().vanish();
    until_over();
    EXPECT_TRUE(turn.lost.empty());
    EXPECT_FALSE(connection->is_usable());
}

TEST_F(ConnectionTest, IsNotUsableOnceItCloses)
{
    connection->close();
    EXPECT_FALSE(connection->is_usable());
    EXPECT_EQ(upstream.close_code(), 1000);
    upstream.close(1000);
    until_over();
    EXPECT_EQ(closing->by, By::us);
}

TEST_F(ConnectionTest, ReadsOnWhenAPausedTurnLeaves)
{
    connection->attach(turn);
    connection->pause();
    upstream.send("unread");
    settle();
    EXPECT_TRUE(turn.texts.empty());
    connection->detach();
    upstream.close(1001); // seen at once, because it is read again
    until_over();
    EXPECT_EQ(closing->by, By::peer);
}

TEST_F(ConnectionTest, AnswersPingsInAndBetweenTurns)
{
    upstream.send(net::Opcode::ping, "1");
    settle();
    connection->attach(turn);
    upstream.send(net::Opcode::ping, "2");
    settle();
    using Message = fakes::WebSocketPeer::Message;
    EXPECT_EQ(upstream.messages(),
              (std::vector<Message>{{net::Opcode::pong, "1"}, {net::Opcode::pong, "2"}}));
}

TEST_F(ConnectionTest, HasAGenerationOfItsOwn)
{
    net::WebSocketOptions options;
    auto pair = fakes::make_pair(loop);
    const Connection other(loop,
                           fakes::make_account(fakes::account_config("main")),
                           std::move(pair.stream),
                           options,
                           PongTimeouts{});
    EXPECT_NE(connection->generation(), 0u);
    EXPECT_GT(other.generation(), connection->generation());
}

class SilentUpstream : public ConnectionTest
{
protected:
    SilentUpstream() : ConnectionTest(100ms) {}
};

TEST_F(SilentUpstream, IsFoundDeadSoonWhileItIsParked)
{
    until_over();
    EXPECT_EQ(closing->by, By::silent);
    EXPECT_FALSE(connection->is_usable());
}

TEST_F(SilentUpstream, HasLongerInATurn)
{
    connection->attach(turn);
    const auto begin = core::Clock::now();
    fakes::until(loop, [&] { return closing || core::Clock::now() - begin > 600ms; });
    EXPECT_FALSE(closing);
    connection->detach();
    until_over();
    EXPECT_EQ(closing->by, By::silent);
    EXPECT_TRUE(turn.lost.empty());
}

} // namespace
} // namespace turngate::upstream
