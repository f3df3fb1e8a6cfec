#include "turngate/upstream/lane_routes.hpp"

#include "connection_under_test.hpp"

namespace turngate::upstream {
namespace {

std::string delta(const std::string& lane, int n)
{
    return event("response.output_text.delta", lane, R"(,"delta":")" + std::to_string(n) + '"');
}

std::string error(const std::string& code, const std::string& lane = {})
{
    return event("error", lane, R"(,"status":400,"error":{"code":")" + code + R"("})");
}

const std::string kConnectionLimit = error("websocket_connection_limit_reached");

using Lanes = ConnectionTest;

TEST_F(Lanes, EachGetsItsOwnInRuns)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& b = attach("b");
    RecordingTurn& unnamed = attach("");
    receive(
        {delta("a", 1), delta("a", 2), delta("b", 3), delta("", 4), delta("", 5), delta("a", 6)});
    EXPECT_EQ(a.runs, (std::vector<Texts>{{delta("a", 1), delta("a", 2)}, {delta("a", 6)}}));
    EXPECT_EQ(b.runs, (std::vector<Texts>{{delta("b", 3)}}));
    EXPECT_EQ(unnamed.texts(), (Texts{delta("", 4), delta("", 5)}));
}

TEST_F(Lanes, AllHearOnceThatAReadHasEnded)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& idle = attach("idle");
    receive({delta("a", 1), delta("b", 2), delta("a", 3)});
    EXPECT_EQ(a.read_ends, 1);
    EXPECT_EQ(idle.read_ends, 1);
    EXPECT_TRUE(idle.runs.empty());
}

TEST_F(Lanes, LateEventsOfOneDoNotReachTheOnlyTurnOfAnother)
{
    RecordingTurn& before = attach("a");
    connection->detach(before);
    RecordingTurn& now = attach("b");
    receive({delta("a", 1), delta("b", 2)});
    EXPECT_EQ(now.texts(), Texts{delta("b", 2)});
    EXPECT_TRUE(before.texts().empty());
}

TEST_F(Lanes, AnErrorWithoutALaneIsTheDefaultLanes)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& unnamed = attach("");
    receive({error("invalid_request"), error("server_error", "a")});
    EXPECT_EQ(a.texts(), Texts{error("server_error", "a")});
    EXPECT_EQ(unnamed.texts(), Texts{error("invalid_request")});
}

TEST_F(Lanes, AnErrorWithoutALaneIsEveryTurnsWhenTheDefaultLaneIsIdle)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& b = attach("b");
    receive({delta("a", 1), error("server_error")});
    EXPECT_EQ(a.texts(), (Texts{delta("a", 1), error("server_error")}));
    EXPECT_EQ(b.texts(), Texts{error("server_error")});
}

TEST_F(Lanes, TheConnectionsLimitIsEveryTurns)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& unnamed = attach("");
    receive({delta("", 1), kConnectionLimit});
    EXPECT_EQ(a.texts(), Texts{kConnectionLimit});
    EXPECT_EQ(unnamed.texts(), (Texts{delta("", 1), kConnectionLimit}));
}

TEST_F(Lanes, NewsOfTheAccountIsToldOnce)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& b = attach("b");
    receive({event("codex.rate_limits"), event("response.metadata")});
    EXPECT_EQ(a.texts().size() + b.texts().size(), 2u);
}

TEST_F(Lanes, LateEventsOfTheDefaultLaneReachNobody)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& b = attach("b");
    receive({event("response.created"), delta("", 1), event("response.completed")});
    EXPECT_TRUE(a.texts().empty());
    EXPECT_TRUE(b.texts().empty());
}

TEST_F(Lanes, WhatIsLeftOfAnAbandonedResponseIsDropped)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& b = attach("b");
    connection->abandon(a, {});
    receive({delta("a", 1), delta("b", 2)});
    EXPECT_FALSE(connection->takes("a"));
    receive({delta("a", 3), event("response.completed", "a"), delta("b", 4)});
    ASSERT_TRUE(connection->takes("a"));
    RecordingTurn& next = attach("a");
    receive({delta("a", 5), delta("b", 6)});
    EXPECT_TRUE(a.texts().empty());
    EXPECT_EQ(b.texts(), (Texts{delta("b", 2), delta("b", 4), delta("b", 6)}));
    EXPECT_EQ(next.texts(), Texts{delta("a", 5)});
}

TEST_F(Lanes, AnAbandonedResponseEndsWithAnyTerminalEvent)
{
    for (const std::string type :
         {"response.completed", "response.failed", "response.incomplete", "error"}) {
        RecordingTurn& a = attach("a");
        RecordingTurn& b = attach("b");
        connection->abandon(a, {});
        EXPECT_FALSE(connection->takes("a"));
        receive({event(type, "a")});
        EXPECT_TRUE(connection->takes("a")) << type;
        EXPECT_TRUE(b.texts().empty()) << type;
        connection->detach(b);
    }
}

std::string of(const std::string& type, const std::string& response)
{
    return event(type, "a", R"(,"response":{"id":")" + response + R"("})");
}

TEST_F(Lanes, AnEarlierResponsesSecondEndDoesNotEndAnAbandonedOne)
{
    for (const std::string begun : {"", "resp_2"}) {
        RecordingTurn& a = attach("a");
        attach("b" + begun);
        connection->note_ended("resp_1");
        connection->abandon(a, begun);
        receive({of("response.completed", "resp_1")});
        EXPECT_FALSE(connection->takes("a")) << begun;
        receive({of("response.completed", "resp_2")});
        EXPECT_TRUE(connection->takes("a")) << begun;
        EXPECT_TRUE(connection->has_ended("resp_2")) << begun;
    }
}

TEST_F(Lanes, AnAbandonedResponseThatBeginsLateEndsWithItsOwnEnd)
{
    RecordingTurn& a = attach("a");
    attach("b");
    connection->abandon(a, {});
    receive({of("response.created", "resp_2"), of("response.completed", "resp_1")});
    EXPECT_FALSE(connection->takes("a"));
    receive({of("response.completed", "resp_2")});
    EXPECT_TRUE(connection->takes("a"));
}

TEST_F(Lanes, AnErrorWithoutATypeIsEveryTurnsAndNobodyKnowsWhoseResponseGoesOn)
{
    const std::string typeless = R"({"error":{"message":"No."}})";
    RecordingTurn& unnamed = attach("");
    receive({typeless});
    RecordingTurn& a = attach("a");
    receive({typeless});
    EXPECT_EQ(unnamed.texts(), (Texts{typeless, typeless}));
    EXPECT_EQ(a.texts(), Texts{typeless});
    EXPECT_EQ(unnamed.doubts, 1);
    EXPECT_EQ(a.doubts, 1);
}

TEST_F(Lanes, TheSuccessorOfAnAbandonedResponseIsDroppedToo)
{
    RecordingTurn& a = attach("a");
    RecordingTurn& b = attach("b");
    connection->abandon(a, {});
    receive({event(
        "response.incomplete", "a", R"(,"response":{"incomplete_details":{"reason":"steered"}})")});
    EXPECT_FALSE(connection->takes("a"));
    receive({event("response.created", "a"), event("response.completed", "a")});
    EXPECT_TRUE(connection->takes("a"));
    EXPECT_TRUE(b.texts().empty());
}

TEST_F(Lanes, AnErrorEndsAnAbandonedResponseOfTheDefaultLane)
{
    RecordingTurn& unnamed = attach("");
    RecordingTurn& a = attach("a");
    connection->abandon(unnamed, {});
    receive({delta("", 1), kConnectionLimit, error("server_error")});
    EXPECT_EQ(a.texts(), Texts{kConnectionLimit});
    EXPECT_TRUE(connection->takes(""));
}

TEST_F(Lanes, OneTurnRunsOnEach)
{
    EXPECT_TRUE(connection->takes("a"));
    RecordingTurn& turn = attach("a");
    EXPECT_FALSE(connection->takes("a"));
    EXPECT_TRUE(connection->takes("b"));
    EXPECT_TRUE(connection->takes(""));
    connection->detach(turn);
    EXPECT_TRUE(connection->takes("a"));
}

TEST_F(Lanes, AreSixteenAtOnceWithTheAbandoned)
{
    attach("");
    for (int i = 1; i < 15; ++i)
        attach(std::to_string(i));
    EXPECT_TRUE(connection->takes("more"));
    RecordingTurn& last = attach("15");
    EXPECT_FALSE(connection->takes("more"));
    connection->abandon(last, {});
    EXPECT_FALSE(connection->takes("more"));
    receive({event("response.completed", "15")});
    EXPECT_TRUE(connection->takes("more"));
}

TEST_F(Lanes, AreThirtyTwoNamesAndTheDefaultOne)
{
    RecordingTurn& turn = attach("");
    connection->detach(turn);
    for (int i = 0; i < 32; ++i) {
        const std::string name = std::to_string(i);
        ASSERT_TRUE(connection->takes(name));
        connection->attach(turn, name);
        connection->detach(turn);
    }
    EXPECT_FALSE(connection->takes("32"));
    EXPECT_TRUE(connection->takes("31"));
    EXPECT_TRUE(connection->takes(""));
}

} // namespace
} // namespace turngate::upstream
