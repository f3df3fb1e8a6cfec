#include "turngate/upstream/connection.hpp"

#include "connection_under_test.hpp"

#include <stdexcept>

namespace turngate::upstream {
namespace {

using namespace std::chrono_literals;

using By = net::Closing::By;

TEST_F(ConnectionTest, GivesWhatComesToTheAttachedTurnAlone)
{
    receive({"between turns"});
    EXPECT_TRUE(connection->is_usable());
    RecordingTurn& turn = attach("");
    EXPECT_TRUE(connection->is_attached());
    receive({"first"});
    receive({"second", "third"});
    connection->detach(turn);
    receive({"after it"});
    EXPECT_EQ(turn.runs, (std::vector<Texts>{{"first"}, {"second", "third"}}));
    EXPECT_EQ(turn.read_ends, 2);
    EXPECT_TRUE(connection->is_usable());
}

TEST_F(ConnectionTest, SendsMaskedText)
{
    connection->send(R"({"type":"response.create"})");
    EXPECT_EQ(upstream.texts(), Texts{R"({"type":"response.create"})"});
}

TEST_F(ConnectionTest, TellsTheTurnOnceThatItIsLost)
{
    RecordingTurn& turn = attach("");
    upstream.send("last");
    upstream.close(1012, "restart");
    until_over();
    EXPECT_EQ(turn.texts(), Texts{"last"});
    ASSERT_EQ(turn.lost.size(), 1u);
    EXPECT_EQ(turn.lost[0].by, By::peer);
    EXPECT_EQ(turn.lost[0].code, 1012);
    EXPECT_FALSE(connection->is_usable());
    EXPECT_FALSE(connection->is_attached());
}

TEST_F(ConnectionTest, TellsNobodyWhoIsNotAttached)
{
    RecordingTurn& gone = attach("a");
    RecordingTurn& abandoned = attach("b");
    connection->detach(gone);
    connection->abandon(abandoned, {});
    upstream.raw().vanish();
    until_over();
    EXPECT_TRUE(gone.lost.empty());
    EXPECT_TRUE(abandoned.lost.empty());
    EXPECT_FALSE(connection->is_usable());
}

TEST_F(ConnectionTest, TellsTheTurnsOfAllLanesThatItIsLost)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& b = attach("b");
    RecordingTurn& unnamed = attach("");
    upstream.raw().vanish();
    until_over();
    for (const RecordingTurn* turn : {&a, &b, &unnamed}) {
        ASSERT_EQ(turn->lost.size(), 1u);
        EXPECT_EQ(turn->lost[0].by, By::lost);
    }
}

TEST_F(ConnectionTest, IsOneFaultHoweverManyTurnsItTakesAlong)
{
    EXPECT_TRUE(connection->claim_fault());
    EXPECT_FALSE(connection->claim_fault());
}

TEST_F(ConnectionTest, DoesNotLeaveTheOtherTurnsWaitingForABugInOne)
{
    attach("a").on_frames_hook = [] { throw std::logic_error("bug"); };
    const RecordingTurn& other = attach("b");
    receive({event("response.created", "a")});
    until_over();
    EXPECT_EQ(other.lost.size(), 1u);
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

TEST_F(ConnectionTest, IsOneOfTheAccountsConnectionsUntilItCloses)
{
    EXPECT_EQ(account->life->connections, 1u);
    connection->close();
    EXPECT_EQ(account->life->connections, 0u);
    connection->abort();
    until_over();
    EXPECT_EQ(account->life->connections, 0u);
}

TEST_F(ConnectionTest, IsNoneOfTheAccountsConnectionsOnceItIsLost)
{
    upstream.raw().vanish();
    until_over();
    EXPECT_EQ(account->life->connections, 0u);
}

TEST_F(ConnectionTest, ReadsOnWhenAPausedTurnLeaves)
{
    RecordingTurn& turn = attach("");
    connection->pause();
    receive({"unread"});
    EXPECT_TRUE(turn.texts().empty());
    connection->detach(turn);
    upstream.close(1001); // seen at once, because it is read again
    until_over();
    EXPECT_EQ(closing->by, By::peer);
}

TEST_F(ConnectionTest, AnswersPingsInAndBetweenTurns)
{
    upstream.send(net::Opcode::ping, "1");
    settle();
    attach("");
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
    const Connection other(loop, account, std::move(pair.stream), options, PongTimeouts{});
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

TEST_F(SilentUpstream, HasLongerWhileAnyTurnRuns)
{
    RecordingTurn& first = attach("a");
    RecordingTurn& last = attach("b");
    connection->detach(first);
    const auto begin = core::Clock::now();
    fakes::until(loop, [&] { return closing || core::Clock::now() - begin > 600ms; });
    EXPECT_FALSE(closing);
    connection->detach(last);
    until_over();
    EXPECT_EQ(closing->by, By::silent);
    EXPECT_TRUE(first.lost.empty());
    EXPECT_TRUE(last.lost.empty());
}

} // namespace
} // namespace turngate::upstream
